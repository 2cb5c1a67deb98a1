import { type IncomingMessage, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

/** What an answer says of itself: who gave it, and of which version. */
export interface Told {
  readonly status: number;
  readonly by: string;
  readonly version: number;
}

/** Readers that run beside the demonstration, and how often each of them asks, ms. */
const READERS = 4;
const EVERY_MS = 20;
const WRITE_IN = 10;
const PRODUCTS = 200;
/** How long every replica may take to answer once, ms. */
const ALL_MS = 30_000;
const ANSWER_MS = 30_000;

/** Clients of the demonstration, all of which go through nginx. */
export class Traffic {
  readonly #url: string;
  readonly #signal: AbortSignal;
  readonly #readers: Promise<void>[];
  #ending = false;
  #answered = 0;
  #failed = 0;

  constructor(url: string, signal: AbortSignal) {
    this.#url = url;
    this.#signal = signal;
    this.#readers = Array.from({ length: READERS }, () => this.#run());
  }

  /**
   * Asks until so many replicas have answered with this version, which has just been written: tells what each of them has
   * shown last, and how long after the beginning it was last asked in vain, 0 when never: a slow answer is not a stale one.
   */
  async readThroughAll(
    product: number,
    replicas: number,
    written: number,
  ): Promise<{ readonly seen: ReadonlyMap<string, number>; readonly staleMs: number }> {
    const seen = new Map<string, number>();
    let staleMs = 0;
    for (const since = performance.now(); ; ) {
      this.#signal.throwIfAborted();
      const ms = performance.now() - since;
      const { by, version } = await this.#ask(`/products/${product}`);
      seen.set(by, version);
      if (version !== written) staleMs = ms;
      const all = [...seen.values()];
      if (all.length >= replicas && all.every((shown) => shown === written)) return { seen, staleMs };
      if (ms > ALL_MS) throw new Error(`not all replicas showed version ${written} within ${ALL_MS / 1_000} s`);
    }
  }

  write(product: number): Promise<Told> {
    return this.#ask(`/products/${product}`, { stock: Math.floor(Math.random() * 1_000) });
  }

  async finish(): Promise<{ readonly answered: number; readonly failed: number }> {
    this.#ending = true;
    await Promise.all(this.#readers);
    return { answered: this.#answered, failed: this.#failed };
  }

  async #run(): Promise<void> {
    for (let turn = 1; !this.#ending && !this.#signal.aborted; turn++) {
      // Not the product that is shown: its version is to change when the demonstration says so.
      const product = 100 + Math.floor(Math.random() * PRODUCTS);
      await this.#ask(`/products/${product}`, turn % WRITE_IN === 0 ? { stock: turn } : undefined);
      await pause(EVERY_MS);
    }
  }

  async #ask(path: string, change?: object): Promise<Told> {
    const told = await ask(this.#url + path, change).catch(() => ({ status: 0, by: 'nobody', version: Number.NaN }));
    this.#answered++;
    if (told.status !== 200) this.#failed++;
    return told;
  }
}

function ask(url: string, change?: object): Promise<Told> {
  return new Promise((resolve, reject) => {
    const method = change === undefined ? 'GET' : 'PATCH';
    const headers = change === undefined ? {} : { 'content-type': 'application/json' };
    const asked = request(url, { method, headers, timeout: ANSWER_MS }, (response: IncomingMessage) => {
      response.resume().on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          by: String(response.headers['x-served-by'] ?? 'nginx'),
          version: Number(response.headers['x-item-version']),
        }),
      );
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer')));
    asked.on('error', reject);
    asked.end(change === undefined ? undefined : JSON.stringify(change));
  });
}
