import type { ServerResponse } from 'node:http';
import type { Messages } from '@lockstep/cache';
import { Problem } from '../http/problem.ts';
import { hear } from './telemetry.ts';

/** Clients at a time. */
const CLIENTS = 32;
/** Bytes that wait for one client; one that does not read them is cut off, and begins anew with a snapshot. */
const BUFFER_BYTES = 1 << 20;
/** A comment this often shows both sides that the connection lives, ms. */
const HEARTBEAT_MS = 5_000;

const DELTAS = ['applied', 'gap', 'flush', 'epoch', 'trust', 'relayed'] as const satisfies readonly (keyof Messages)[];

/**
 * What happens in the cache, as server-sent events: a `snapshot` for each client, then deltas, numbered through the life
 * of the process. Listens to the cache only while somebody listens to it.
 */
export class EventStream {
  readonly #cache: string;
  readonly #snapshot: () => object;
  readonly #servedBy: string;
  readonly #clients = new Set<ServerResponse>();
  #stops: (() => void)[] = [];
  #heartbeat: NodeJS.Timeout | undefined;
  #id = 0;

  /** `name` is the replica's and its cache's. */
  constructor(name: string, snapshot: () => object) {
    this.#cache = name;
    this.#servedBy = name;
    this.#snapshot = snapshot;
  }

  /** Throws `Problem` when there are too many already. */
  add(response: ServerResponse): void {
    if (this.#clients.size >= CLIENTS) {
      throw new Problem('overloaded', `${CLIENTS} clients listen already: end one of them.`);
    }
    response.writeHead(200, {
      'X-Served-By': this.#servedBy,
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
    });
    // The snapshot and the subscription in one turn: nothing happens between them.
    response.write(event(this.#id, 'snapshot', this.#snapshot()));
    this.#clients.add(response);
    response.once('close', () => this.#remove(response));
    if (this.#clients.size === 1) this.#start();
  }

  /** Something that the cache does not know of. */
  tell(name: string, data: object): void {
    if (this.#clients.size === 0) return;
    this.#id++;
    this.#send(event(this.#id, name, data));
  }

  close(): void {
    for (const client of this.#clients) client.destroy();
    this.#stop();
  }

  #start(): void {
    this.#stops = DELTAS.map((name) => hear(name, this.#cache, (message) => this.tell(name, deltaOf(message))));
    this.#heartbeat = setInterval(() => this.#send(': still here\n\n'), HEARTBEAT_MS);
  }

  #stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
    clearInterval(this.#heartbeat);
  }

  #remove(response: ServerResponse): void {
    this.#clients.delete(response);
    if (this.#clients.size === 0) this.#stop();
  }

  #send(text: string): void {
    for (const client of this.#clients) {
      if (client.writableLength > BUFFER_BYTES) client.destroy();
      else client.write(text);
    }
  }
}

/** An entry's members beside the others: listeners need not know that it is one. */
function deltaOf({ cache: _, ...said }: Messages[(typeof DELTAS)[number]]): object {
  if (!('entry' in said)) return said;
  const { entry, ...rest } = said;
  return { ...rest, clock: entry.clock, keys: entry.keys, tags: entry.tags };
}

function event(id: number, name: string, data: object): string {
  return `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
