import type { Level } from '@lockstep/history';
import { Connection, headerOf, type RawAnswer } from '@lockstep/traffic/connection';
import { type Random, seeded, zipf } from '@lockstep/traffic/random';
import type { Traffic } from '../shared/state.ts';
import type { Ended } from './packed.ts';

/** How often what is due is sent, ms, and how often it is looked while nothing is. */
const TICK_MS = 20;
const LOOK_MS = 100;
/** How long a client waits for its answer, ms. */
const PATIENCE_MS = 3_000;
/** Clients that take turns, and the most that there are when answers take long: then no more is sent. */
const CLIENTS_LEAST = 16;
const CLIENTS_MOST = 128;
/** What was not sent in time is not made up for beyond this, ms: a pause of ours must not end in a burst. */
const LATE_MOST_MS = 250;
const SKEW = 0.9;
/** Parts of the reads by level; the rest is bounded. */
const SESSION_PART = 0.25;
const STRONG_PART = 0.03;
/** Part of the writes that goes to the keys of the matrix. */
const WRITES_PINNED = 0.6;
export const RPS_MOST = 5_000;

export interface GeneratorSettings {
  /** The public side of the cluster. */
  readonly url: string;
  readonly seed: number;
  /** Ids by popularity; the first `pinned` are those of the matrix. */
  readonly ids: readonly number[];
  readonly pinned: number;
  readonly rps: number;
  readonly writesPercent: number;
}

interface GeneratorOptions extends GeneratorSettings {
  /** Called as each operation ends, in that order. */
  readonly ended: (ended: Ended) => void;
}

/** A user with a session: what it has seen is in its token. One request at a time, or the token could not hold all of it. */
interface Client {
  readonly number: number;
  connection: Connection | null;
  token: string | null;
}

interface Flight {
  readonly sent: number;
  readonly connection: Connection;
}

/** What was counted since it was last asked for. */
export interface Counts {
  answered: number;
  errors: number;
  tiers: Record<'L1' | 'L2' | 'ORIGIN' | 'BYPASS', number>;
}

/**
 * Customers of the catalogue, through nginx, as many per second as were asked for whatever becomes of them (open model):
 * a cluster that slows down must not be asked less. Every answer becomes an operation for the judge.
 */
export class Generator {
  readonly #options: GeneratorOptions;
  readonly #host: string;
  readonly #port: number;
  #random: Random;
  #rank: () => number;
  readonly #idle: Client[] = [];
  readonly #flights = new Set<Flight>();
  #clients = 0;
  #rps: number;
  #writesPercent: number;
  #owed = 0;
  #last = performance.now();
  #counts = newCounts();

  constructor(options: GeneratorOptions) {
    const { hostname, port } = new URL(options.url);
    this.#options = options;
    this.#host = hostname;
    this.#port = Number(port || 80);
    this.#random = seeded(options.seed);
    this.#rank = zipf(this.#random, options.ids.length, SKEW);
    this.#rps = options.rps;
    this.#writesPercent = options.writesPercent;
  }

  set({ rps, writesPercent }: Partial<Pick<Traffic, 'rps' | 'writesPercent'>>): void {
    this.#rps = rps ?? this.#rps;
    this.#writesPercent = writesPercent ?? this.#writesPercent;
  }

  /** Draws the same requests from now on as after any other beginning with this seed. */
  begin(seed: number): void {
    this.#random = seeded(seed);
    this.#rank = zipf(this.#random, this.#options.ids.length, SKEW);
  }

  takeCounts(): Counts {
    const counts = this.#counts;
    this.#counts = newCounts();
    return counts;
  }

  /** Sends what is due; answers when it has to be called again at the latest, ms. */
  tick(): number {
    const now = performance.now();
    for (const flight of this.#flights) {
      // In the order in which they were sent.
      if (now - flight.sent < PATIENCE_MS) break;
      flight.connection.close();
    }
    const most = Math.max(1, (this.#rps * LATE_MOST_MS) / 1_000);
    this.#owed = Math.min(most, this.#owed + ((now - this.#last) * this.#rps) / 1_000);
    this.#last = now;
    for (; this.#owed >= 1; this.#owed--) this.#sendAny();
    return Math.max(TICK_MS, Math.min(LOOK_MS, ((1 - this.#owed) * 1_000) / this.#rps));
  }

  #sendAny(): void {
    const { ids, pinned } = this.#options;
    const isWrite = this.#random() * 100 < this.#writesPercent;
    const toPinned = isWrite && this.#random() < WRITES_PINNED;
    const id = ids[toPinned ? Math.floor(this.#random() * pinned) : this.#rank()] ?? 1;
    const draw = this.#random();
    const level = draw < STRONG_PART ? 'strong' : draw < STRONG_PART + SESSION_PART ? 'session' : 'bounded';
    const client = this.#free();
    if (client === null) this.#counts.errors++;
    else this.#ask(client, id, isWrite ? 'write' : 'read', level);
  }

  #free(): Client | null {
    if (this.#clients >= CLIENTS_LEAST) {
      const idle = this.#idle.shift();
      if (idle !== undefined) return idle;
    }
    if (this.#clients >= CLIENTS_MOST) return null;
    this.#clients++;
    return { number: this.#clients, connection: null, token: null };
  }

  #ask(client: Client, id: number, kind: 'read' | 'write', level: Level): void {
    const connection = client.connection?.open ? client.connection : new Connection(this.#host, this.#port);
    client.connection = connection;
    const bytes = kind === 'read' ? this.#get(id, level, client.token) : this.#patch(id, client.token);
    const sent = performance.now();
    const flight = { sent, connection };
    this.#flights.add(flight);
    connection.ask(bytes, (answer) => {
      this.#flights.delete(flight);
      this.#idle.push(client);
      client.token = (answer && headerOf(answer.head, 'Consistency-Token')) ?? client.token;
      this.#note(client, id, kind, level, sent, answer);
    });
  }

  #note(client: Client, id: number, kind: 'read' | 'write', level: Level, start: number, answer: RawAnswer | null) {
    const end = performance.now();
    const version = answer?.status === 200 ? versionOf(answer.head) : null;
    const replica = answer === null ? undefined : headerOf(answer.head, 'X-Served-By');
    const tier = answer === null ? undefined : headerOf(answer.head, 'X-Cache');
    const outcome = version !== null ? 'ok' : isCertainlyNot(kind, answer) ? 'failed' : 'unknown';
    this.#counts.answered++;
    if (version === null) this.#counts.errors++;
    if (kind === 'read' && tier !== undefined && tier in this.#counts.tiers) {
      this.#counts.tiers[tier as keyof Counts['tiers']]++;
    }
    const read = kind === 'read' ? level : null;
    this.#options.ended({ client: client.number, id, level: read, start, end, version, outcome, replica, tier });
  }

  #get(id: number, level: Level, token: string | null): string {
    // A bounded read is somebody's who has no session.
    const session = token !== null && level !== 'bounded' ? `Consistency-Token: ${token}\r\n` : '';
    return `GET /products/${id} HTTP/1.1\r\nHost: ${this.#host}:${this.#port}\r\nConsistency: ${level}\r\n${session}\r\n`;
  }

  #patch(id: number, token: string | null): string {
    const json = `{"priceCents":${100 + Math.floor(this.#random() * 99_900)}}`;
    const session = token === null ? '' : `Consistency-Token: ${token}\r\n`;
    const headers = `Content-Type: application/json\r\nContent-Length: ${json.length}\r\n${session}`;
    return `PATCH /products/${id} HTTP/1.1\r\nHost: ${this.#host}:${this.#port}\r\n${headers}\r\n${json}`;
  }
}

function versionOf(head: string): number | null {
  const text = headerOf(head, 'X-Item-Version');
  return text === undefined ? null : Number(text);
}

/** True when nothing was committed and nothing will be; of a read, when it was answered at all. */
export function isCertainlyNot(kind: 'read' | 'write', answer: Pick<RawAnswer, 'status' | 'body'> | null): boolean {
  if (answer === null) return false;
  if (kind === 'read' || (answer.status >= 400 && answer.status < 500)) return true;
  return (
    answer.status === 503 && /"code":"(cache_unreachable|overloaded|origin_unavailable)"/.test(String(answer.body))
  );
}

export function newCounts(): Counts {
  return { answered: 0, errors: 0, tiers: { L1: 0, L2: 0, ORIGIN: 0, BYPASS: 0 } };
}
