import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Guard, hostsOf } from '../src/http/guard.ts';
import { closeServer, createApp, type Orders } from '../src/http/server.ts';
import { Stream } from '../src/http/stream.ts';
import type { FaultKind, Protocol } from '../src/shared/state.ts';
import { World } from './page-world.ts';

/** The console's own HTTP side, in front of a made-up cluster. */
export interface PageFixture {
  readonly url: string;
  readonly world: World;
  /** Breaks every stream, as when the console is killed; with `refuse`, those that come after it too. */
  breakStreams(refuse: boolean): void;
  /** Says nothing more on streams that stay open, as a server that was stopped. */
  silence(isSilent: boolean): void;
  /** From now on nothing comes on the connections that are open, and nothing says so. */
  forget(): void;
  close(): Promise<void>;
}

/** Serves the page with so many replicas, on a port that is free (or on that one). */
export async function openFixture(replicas: number, port = 0): Promise<PageFixture> {
  const world = new World(replicas);
  const stream = new Stream(world);
  const token = 'token-of-the-fixture';
  let guard = new Guard(token, []);
  const app = createApp({ token, guard: () => guard, stream, verdict: () => world.verdict(), orders: ordersOf(world) });
  let isRefusing = false;
  let isSilent = false;
  let forgotten = 0;
  const server = createServer((request, response) => {
    if (isRefusing && request.url?.startsWith('/api/events')) response.writeHead(503).end();
    else {
      const { write } = response;
      const from = forgotten;
      response.write = (...chunk: unknown[]) =>
        isSilent || from !== forgotten || write.apply(response, chunk as Parameters<typeof write>);
      app(request, response);
    }
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const { port: taken } = server.address() as AddressInfo;
  guard = new Guard(token, hostsOf('127.0.0.1', taken));
  return {
    url: `http://127.0.0.1:${taken}/`,
    world,
    breakStreams: (refuse) => {
      isRefusing = refuse;
      stream.close();
    },
    silence: (silent) => {
      isSilent = silent;
    },
    forget: () => {
      forgotten++;
    },
    close: async () => {
      world.close();
      stream.close();
      await closeServer(server);
    },
  };
}

function ordersOf(world: World): Orders {
  return {
    fault: async ({ kind, target, holdMs }) => ({ id: world.begin(kind as FaultKind, String(target), Number(holdMs)) }),
    undo: async (id) => world.end(id),
    traffic: async ({ rps }) => {
      if (typeof rps === 'number') world.rps = rps;
    },
    scale: async ({ replicas }) => {
      world.orders.push(`scale ${replicas}`);
      world.replicas = Number(replicas);
    },
    protocol: async ({ protocol }) => world.become(protocol as Protocol),
    scenario: async ({ name }) => world.run(String(name)),
    endScenario: async () => world.stop(),
    edit: async ({ id, priceCents }) => {
      world.change(Number(id), Number(priceCents));
      return {};
    },
    product: async (id, { replica }) => world.look(Number(id), String(replica)),
  };
}
