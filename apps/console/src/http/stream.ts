import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Snapshot } from '../shared/state.ts';

/** Pages at a time. */
const CLIENTS_MOST = 16;
/** Bytes that wait for one page; then it gets nothing until they are gone, and a fresh snapshot after that. */
const BUFFER_BYTES = 1 << 20;
/** How often pages are told, ms: five times a second. */
const TICK_MS = 200;
/** Deltas that are kept for pages that come back: ten seconds. */
const RING_LENGTH = 50;
const HEARTBEAT_MS = 5_000;

/** Where the picture comes from. */
export interface Picture {
  /** All of it, now. */
  snapshot(): Snapshot;
  /** What became known since it was last asked: of the three lists only that, of other fields all that there is now. */
  fresh(): Snapshot;
}

interface Client {
  readonly response: ServerResponse;
  behind: boolean;
}

interface Kept {
  readonly seq: number;
  readonly text: string;
}

/** The lists that grow, of which a delta carries what is new. */
const GROWING = ['log', 'invalidations', 'series'] as const;

/** The page's stream: a snapshot, then five times a second what has changed. Costs next to nothing without a page. */
export class Stream {
  readonly #picture: Picture;
  /** Of this process: after its end nobody goes on from its ids. */
  readonly #run = randomBytes(4).toString('hex');
  readonly #clients = new Set<Client>();
  readonly #ring: Kept[] = [];
  #said: Record<string, string> = {};
  #seq = 0;
  #timer: NodeJS.Timeout | undefined;
  #heartbeat: NodeJS.Timeout | undefined;

  constructor(picture: Picture) {
    this.#picture = picture;
  }

  /** False when there are too many already. */
  add(response: ServerResponse, lastEventId: string | undefined): boolean {
    if (this.#clients.size >= CLIENTS_MOST) return false;
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    response.write('retry: 1000\n\n');
    if (this.#timer === undefined) this.#start();
    else this.#tell();
    const client = { response, behind: false };
    const missed = this.#since(lastEventId);
    if (missed === null) this.#snapshot(client);
    else for (const { text } of missed) response.write(text);
    this.#clients.add(client);
    response.once('close', () => {
      this.#clients.delete(client);
      if (this.#clients.size === 0) this.#stop();
    });
    return true;
  }

  close(): void {
    for (const { response } of this.#clients) response.destroy();
    this.#clients.clear();
    this.#stop();
  }

  #start(): void {
    // What nobody was told is in the snapshot.
    this.#ring.length = 0;
    this.#tell();
    this.#ring.length = 0;
    this.#timer = setInterval(() => this.#tell(), TICK_MS);
    this.#heartbeat = setInterval(() => {
      for (const { response } of this.#clients) response.write(': still here\n\n');
    }, HEARTBEAT_MS);
  }

  #stop(): void {
    clearInterval(this.#timer);
    clearInterval(this.#heartbeat);
    this.#timer = undefined;
  }

  #tell(): void {
    this.#seq++;
    const text = this.#event('delta', this.#delta());
    this.#ring.push({ seq: this.#seq, text });
    if (this.#ring.length > RING_LENGTH) this.#ring.shift();
    for (const client of this.#clients) {
      if (client.response.writableLength > BUFFER_BYTES) client.behind = true;
      else if (!client.behind) client.response.write(text);
      else if (client.response.writableLength === 0) this.#snapshot(client);
    }
  }

  /** As JSON, of which each field is written once: to see that it has changed, and to tell it. */
  #delta(): string {
    const { seq: _, at, ...fresh } = this.#picture.fresh();
    let text = `{"seq":${this.#seq},"at":${at}`;
    for (const [name, value] of Object.entries(fresh)) {
      const field = JSON.stringify(value);
      const grows = (GROWING as readonly string[]).includes(name);
      const isNew = grows
        ? (name === 'series' ? fresh.series.t : (value as unknown[])).length > 0
        : field !== this.#said[name];
      if (isNew) text += `,"${name}":${field}`;
      if (!grows) this.#said[name] = field;
    }
    return `${text}}`;
  }

  #snapshot(client: Client): void {
    client.behind = false;
    client.response.write(this.#event('snapshot', JSON.stringify({ ...this.#picture.snapshot(), seq: this.#seq })));
  }

  /** The deltas behind an id that a page has seen; null if they are not all there any more. */
  #since(id: string | undefined): Kept[] | null {
    const [run, digits] = (id ?? '').split('-');
    const seq = Number(digits);
    const first = this.#ring[0]?.seq ?? this.#seq + 1;
    if (run !== this.#run || !Number.isSafeInteger(seq) || seq > this.#seq || seq < first - 1) return null;
    return this.#ring.filter((kept) => kept.seq > seq);
  }

  #event(name: string, data: string): string {
    return `id: ${this.#run}-${this.#seq}\nevent: ${name}\ndata: ${data}\n\n`;
  }
}
