import type { Level, Operation } from '@lockstep/history';
import { isCertainlyNot } from '../traffic/generator.ts';
import { type Answer, ask } from './ask.ts';

/** How long an answer may take, ms. */
const LIMIT_MS = 3_000;

/** Single requests that the console makes by itself: of one replica directly, or through nginx. They are judged, unless their name says otherwise. */
export class Direct {
  readonly #url: string;
  readonly #urlOf: (replica: string) => string | null;
  readonly #ended: (operation: Operation) => void;
  /** Of the last change, whose author wants to see it. */
  #token: string | null = null;
  #sessions = 0;

  constructor(url: string, urlOf: (replica: string) => string | null, ended: (operation: Operation) => void) {
    this.#url = url;
    this.#urlOf = urlOf;
    this.#ended = ended;
  }

  /** Null for no answer, also as the replica is not known. */
  async read(id: number, replica: string | null): Promise<Operation | null> {
    const read = await this.#read(id, replica, 'bounded');
    if (read !== null) this.#ended(read.operation);
    return read?.operation ?? null;
  }

  /** The same, of which no judge is told. */
  async readUnjudged(id: number, replica: string): Promise<Operation | null> {
    return (await this.#read(id, replica, 'bounded'))?.operation ?? null;
  }

  /** The same at any level, with the answer for people. */
  async look(id: number, replica: string | null, level: Level): Promise<Answer | null> {
    const read = await this.#read(id, replica, level);
    if (read !== null) this.#ended(read.operation);
    return read?.answer ?? null;
  }

  async write(id: number, replica: string | null = null): Promise<Operation | null> {
    return (await this.edit(id, 100 + Math.floor(Math.random() * 99_900), replica))?.operation ?? null;
  }

  /** Changes a price, through nginx as a customer's client would, or at a replica. Null: the replica is not known. */
  async edit(id: number, priceCents: number, replica: string | null = null) {
    const base = replica === null ? this.#url : this.#urlOf(replica);
    if (base === null) return null;
    const start = performance.now();
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ priceCents });
    const answer = await ask(`${base}/products/${id}`, { method: 'PATCH', headers, body, limitMs: LIMIT_MS });
    const version = versionOf(answer);
    this.#token = answer?.headers['consistency-token'] ?? this.#token;
    const raw = answer && { status: answer.status, body: Buffer.from(answer.body) };
    const outcome = version !== null ? 'ok' : isCertainlyNot('write', raw) ? 'failed' : 'unknown';
    const operation = { ...commonOf(id, start, answer), kind: 'write', version, outcome } as const;
    this.#ended(operation);
    return { operation, answer };
  }

  #session(): Readonly<Record<string, string>> {
    return this.#token === null ? {} : { 'consistency-token': this.#token };
  }

  /**
   * Looks go to several replicas at once, so one token cannot hold what all of them saw, and the orders of a session are not
   * promised between them: each is a session of its own to the judge.
   */
  #nextSession(): string {
    return `console, look ${++this.#sessions}`;
  }

  async #read(id: number, replica: string | null, level: Level) {
    const base = replica === null ? this.#url : this.#urlOf(replica);
    if (base === null) return null;
    const start = performance.now();
    const headers = { consistency: level, ...(level === 'session' ? this.#session() : {}) };
    const answer = await ask(`${base}/products/${id}`, { headers, limitMs: LIMIT_MS });
    const version = versionOf(answer);
    const outcome = version !== null ? 'ok' : answer === null ? 'unknown' : 'failed';
    const common = { ...commonOf(id, start, answer), ...(level === 'session' ? { client: this.#nextSession() } : {}) };
    return { operation: { ...common, kind: 'read', level, version, outcome } as const, answer };
  }
}

function commonOf(id: number, start: number, answer: Answer | null) {
  const where = { replica: answer?.headers['x-served-by'], tier: answer?.headers['x-cache'] };
  return { client: 'console', key: `product:${id}`, start, end: performance.now(), ...where };
}

function versionOf(answer: Answer | null): number | null {
  const text = answer?.status === 200 ? answer.headers['x-item-version'] : undefined;
  return text === undefined ? null : Number(text);
}
