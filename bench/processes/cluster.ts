/** A cluster in a process of its own, as `npm start` is one: with its links in it, or without any. */
import { startCluster } from '@lockstep/cluster';

const { LINKS, REPLICAS } = process.env;

const cluster = await startCluster({
  replicas: Number(REPLICAS),
  links: LINKS === 'yes',
  env: { LOG_LEVEL: 'warn' },
});
process.on('SIGTERM', () => void cluster.stop());
console.log(JSON.stringify({ port: Number(new URL(cluster.url).port) }));
