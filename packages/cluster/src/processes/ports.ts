import { createServer, type Server } from 'node:net';
import { ClusterError, hasCode } from '../errors.ts';
import { CONSOLE_PORT_DEFAULT, PUBLIC_PORT_DEFAULT, PUBLIC_PORT_TRIES, REPLICAS_MAX } from '../limits.ts';

/**
 * The ports of one cluster: a block that belongs to it alone as long as its launcher lives.
 *
 * nginx lists the ports of all 16 replicas at its start and most of them stand empty. If a second cluster took one of
 * those, the first would send it requests. So blocks are aligned, and the first port of a block is a lock: who listens
 * on it owns the rest. The kernel gives the lock back when the launcher dies, however it dies. The range lies below the
 * ports that systems give to outgoing connections.
 */
export interface Ports {
  /** One per slot; index 0 is api-1. */
  readonly replicas: readonly number[];
  readonly internals: readonly number[];
  readonly redis: number;
  readonly postgres: number;
  /** Three per slot: command, bus, origin. */
  readonly links: readonly number[];
  /** For nginx and for the console, when any port will do. */
  readonly spare: number;
  readonly consoleSpare: number;
  release(): Promise<void>;
}

export const LINKS_PER_REPLICA = 3;
const HOST = '127.0.0.1';
const FIRST = 20_480;
const LAST = 32_767;
const BLOCK = 128;

/** Takes a free block. `random` is in [0, 1): where the search begins, so that clusters seldom meet. */
export async function takePorts(random: () => number = Math.random): Promise<Ports> {
  const blocks = Math.floor((LAST + 1 - FIRST) / BLOCK);
  const start = Math.floor(random() * blocks);
  for (let tried = 0; tried < blocks; tried++) {
    const ports = await takeBlock(FIRST + ((start + tried) % blocks) * BLOCK);
    if (ports !== null) return ports;
  }
  throw new ClusterError('E_CLUSTER_PORT', `no ${BLOCK} ports in a row are free between ${FIRST} and ${LAST}`);
}

async function takeBlock(base: number): Promise<Ports | null> {
  const lock = await hold(base, HOST);
  if (lock === null) return null;
  let next = base + 1;
  const take = (count: number) => Array.from({ length: count }, () => next++);
  const replicas = take(REPLICAS_MAX);
  const internals = take(REPLICAS_MAX);
  const redis = next++;
  const postgres = next++;
  const spare = next++;
  const consoleSpare = next++;
  const links = take(REPLICAS_MAX * LINKS_PER_REPLICA);
  const all = [...replicas, ...internals, redis, postgres, spare, consoleSpare, ...links];
  // Nobody else looks at this block now, so a look is enough; only programs that know nothing of blocks could interfere.
  const free = await Promise.all(all.map((port) => isFree(port)));
  if (!free.every(Boolean)) {
    await close(lock);
    return null;
  }
  return { replicas, internals, redis, postgres, spare, consoleSpare, links, release: () => close(lock) };
}

/** A port for clients that is held until nginx, or the console, is about to listen on it. */
export interface HeldPort {
  readonly port: number;
  /** True when the loopback of IPv6 is there and free too: `localhost` means either. */
  readonly both: boolean;
  release(): Promise<void>;
}

/** Where the search for a port begins when none is asked for, and how a user asks for one. */
export interface PortUse {
  readonly from: number;
  readonly option: string;
}

export const NGINX_PORT: PortUse = { from: PUBLIC_PORT_DEFAULT, option: '--port' };
export const CONSOLE_PORT: PortUse = { from: CONSOLE_PORT_DEFAULT, option: '--console-port' };

/**
 * The port asked for, or without a wish (null) the first free one from the default on. For 0, any, it is the spare of
 * the cluster's block: one that the system gives to outgoing connections could be gone while its user is restarted.
 */
export async function holdPublicPort(
  wish: number | null,
  spare: number,
  { from, option }: PortUse = NGINX_PORT,
): Promise<HeldPort> {
  const fromDefault = Array.from({ length: PUBLIC_PORT_TRIES }, (_, i) => from + i);
  const wishes = wish === null ? fromDefault : wish === 0 ? [spare, 0] : [wish];
  for (const port of wishes) {
    const held = await holdBoth(port);
    if (held !== null) return held;
  }
  const what = wish === null ? `no port from ${wishes[0]} to ${wishes.at(-1)} is free` : `port ${wish} is taken`;
  throw new ClusterError('E_CLUSTER_PORT', `${what}: choose one with ${option}, or 0 for any`);
}

async function holdBoth(port: number): Promise<HeldPort | null> {
  const four = await hold(port, HOST);
  if (four === null) return null;
  const got = portOf(four);
  const six = await hold(got, '::1').catch(() => 'absent' as const);
  if (six === null) {
    // Somebody else's: `localhost` would be theirs for some clients and ours for others.
    await close(four);
    return null;
  }
  return {
    port: got,
    both: six !== 'absent',
    release: async () => {
      await Promise.all([close(four), six === 'absent' ? undefined : close(six)]);
    },
  };
}

async function isFree(port: number): Promise<boolean> {
  const held = await hold(port, HOST);
  if (held !== null) await close(held);
  return held !== null;
}

/** Listens and answers nobody; null when the port is taken. Throws when there is no such address, or no right to it. */
function hold(port: number, host: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.resetAndDestroy());
    server.once('error', (error) => {
      if (hasCode(error, 'EADDRINUSE')) resolve(null);
      else if (!hasCode(error, 'EACCES')) reject(error);
      else {
        const message = `you may not listen on port ${port}: choose one from 1024 on`;
        reject(new ClusterError('E_CLUSTER_PORT', message, { cause: error }));
      }
    });
    server.listen({ port, host, exclusive: true }, () => resolve(server));
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has an address');
  return address.port;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
