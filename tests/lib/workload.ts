import type { Level, Operation } from '@lockstep/history';
import { pick, type Random, seeded } from '@lockstep/traffic/random';
import { type Answer, ask, header, jsonOf, versionOf } from './client.ts';

export interface WorkloadOptions {
  /** Base URLs; each operation goes to one of them. */
  readonly targets: readonly string[];
  /** Ids of the products that are read and written. */
  readonly products: readonly number[];
  readonly clients: number;
  /** Levels of the reads, one of which is drawn for each. With `session` clients carry their token from answer to request. */
  readonly levels: readonly Level[];
  readonly seed: number;
  /** Part of the operations that are writes; without it each client alternates: a write, a read. */
  readonly writes?: number;
}

const PATIENCE_MS = 5;

let workloads = 0;

/**
 * Clients that read and write products and note what they see, all on one clock, so that the whole is one history.
 * A write is a PATCH, without a key of its own: through nginx it may be tried on another replica.
 */
export class Workload {
  readonly history: Operation[] = [];
  /**
   * Part of the name of each client. Two workloads whose clients shared names would be one client to whoever judges both
   * histories: the second, which has no token yet, would be held to what the first has read.
   */
  readonly #name = `w${++workloads}`;
  readonly #options: WorkloadOptions;
  readonly #random: Random;
  readonly #clients: Promise<void>[];
  /** The newest token of each client, which the next replica is shown. */
  readonly #tokens = new Map<number, string>();
  #limit = Number.POSITIVE_INFINITY;
  #begun = 0;
  #unanswered = 0;
  #reads = 0;

  constructor(options: WorkloadOptions) {
    this.#options = options;
    this.#random = seeded(options.seed);
    this.#clients = Array.from({ length: options.clients }, (_, client) => this.#run(client));
  }

  /** Reads that were begun, and those of them that were not answered with a product. */
  get reads(): { readonly begun: number; readonly unanswered: number } {
    return { begun: this.#reads, unanswered: this.#unanswered };
  }

  get begun(): number {
    return this.#begun;
  }

  /** Ends when so many operations have been begun, and resolves when all of them have been answered. */
  async finishAfter(operations: number): Promise<void> {
    this.#limit = operations;
    await Promise.all(this.#clients);
  }

  /** Begins no more operations, and resolves when all of them have been answered. */
  finish(): Promise<void> {
    return this.finishAfter(this.#begun);
  }

  async #run(client: number): Promise<void> {
    const { writes } = this.#options;
    for (let turn = client; this.#begun < this.#limit; turn++) {
      this.#begun++;
      if (writes === undefined ? turn % 2 === 0 : this.#random() < writes) await this.#write(client);
      else await this.#read(client);
    }
  }

  async #read(client: number): Promise<void> {
    const { id, target } = this.#draw();
    const level = pick(this.#random, this.#options.levels);
    this.#reads++;
    const start = performance.now();
    const answer = await ask(`${target}/products/${id}`, { headers: { consistency: level, ...this.#token(client) } });
    const end = performance.now();
    this.#keepToken(client, answer);
    const version = versionOf(answer);
    if (answer.status !== 200 || version === null) {
      this.#unanswered++;
      await this.#pause(answer);
      return;
    }
    this.#note({ ...this.#common(client, id, answer), kind: 'read', level, start, end, version, outcome: 'ok' });
  }

  async #write(client: number): Promise<void> {
    const { id, target } = this.#draw();
    const start = performance.now();
    const json = { priceCents: Math.floor(this.#random() * 100_000) };
    const headers = this.#token(client);
    const answer = await ask(`${target}/products/${id}`, { method: 'PATCH', json, headers });
    const end = performance.now();
    this.#keepToken(client, answer);
    const common = { ...this.#common(client, id, answer), kind: 'write', start, end } as const;
    if (answer.status === 200) this.#note({ ...common, outcome: 'ok', version: versionOf(answer) ?? Number.NaN });
    else this.#note({ ...common, outcome: certainlyNot(answer) ? 'failed' : 'unknown', version: null });
    if (answer.status !== 200) await this.#pause(answer);
  }

  #token(client: number): Record<string, string> {
    const token = this.#tokens.get(client);
    return token === undefined ? {} : { 'consistency-token': token };
  }

  /** An answer without one, as an error may be, leaves the client with what it has. */
  #keepToken(client: number, answer: Answer): void {
    const token = header(answer, 'consistency-token');
    if (token !== undefined && this.#options.levels.includes('session')) this.#tokens.set(client, token);
  }

  #draw(): { id: number; target: string } {
    return { id: pick(this.#random, this.#options.products), target: pick(this.#random, this.#options.targets) };
  }

  #common(client: number, id: number, answer: Answer) {
    return {
      client: `${this.#name}.c${client}`,
      key: `product:${id}`,
      replica: header(answer, 'x-served-by') ?? '',
      tier: header(answer, 'x-cache') ?? '',
    };
  }

  #note(operation: Operation): void {
    this.history.push(operation);
  }

  /** A refusal comes at once, and a client that repeats at once would drown everything else. */
  #pause(answer: Answer): Promise<void> {
    return new Promise((resolve) => {
      setTimeout(resolve, answer.status === 0 ? 10 * PATIENCE_MS : PATIENCE_MS);
    });
  }
}

/** True when the answer says that nothing was committed and nothing will be. */
function certainlyNot(answer: Answer): boolean {
  if (answer.status >= 400 && answer.status < 500) return true;
  if (answer.status !== 503 || !header(answer, 'content-type')?.startsWith('application/problem+json')) return false;
  return ['cache_unreachable', 'overloaded', 'origin_unavailable'].includes(jsonOf<{ code: string }>(answer).code);
}
