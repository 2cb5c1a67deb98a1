# One image for every process of ours; which of them a container is, its command says. Nothing is built: Node runs the
# TypeScript as it is, from workspaces that stay links (it strips no types of files that are within node_modules).
FROM node:26-slim

ENV NODE_ENV=production
WORKDIR /app

# Changes seldom, so it comes first: a change of the sources does not install anything again. npm wants to see every
# workspace of the lock file; only those that are named are installed, without what is for development (a Node, a
# Postgres, test tools).
COPY package.json package-lock.json ./
COPY apps/api/package.json apps/api/
COPY apps/console/package.json apps/console/
COPY packages/cache/package.json packages/cache/
COPY packages/cluster/package.json packages/cluster/
COPY packages/command-line/package.json packages/command-line/
COPY packages/history/package.json packages/history/
COPY packages/traffic/package.json packages/traffic/
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund \
  --workspace=apps/api --workspace=apps/console \
  && npm cache clean --force

COPY infra/postgres infra/postgres
COPY infra/compose/health.sh infra/compose/
COPY packages/history/src packages/history/src
COPY packages/traffic/src packages/traffic/src
COPY packages/command-line/src packages/command-line/src
COPY packages/cluster/src packages/cluster/src
COPY packages/cache/src packages/cache/src
COPY apps/console/src apps/console/src
COPY apps/api/src apps/api/src

# What Node makes of the sources when it loads them, kept: three replicas that start at the same time on a busy machine
# serve a second sooner. Without a configuration a replica says so and ends, once all of it is loaded.
ENV NODE_COMPILE_CACHE=/app/.compiled
RUN mkdir .compiled && chown node .compiled
USER node
RUN ! node apps/api/src/main.ts >/dev/null 2>&1 && ! node apps/console/src/main.ts >/dev/null 2>&1

EXPOSE 3000 3001
CMD ["node", "apps/api/src/main.ts"]
