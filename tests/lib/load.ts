import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'vitest';
import { type Answer, header } from './client.ts';

export interface LoadSeen {
  readonly answered: number;
  readonly failures: readonly string[];
  /** Replicas that have answered. */
  readonly by: ReadonlySet<string>;
  readonly last: Answer | null;
  /** Answers that said `Connection: close`. */
  readonly closing: number;
}

const PATIENCE_MS = 30_000;

/** Clients that ask without a pause, one question at a time each, until they are told to end. */
export class Load {
  readonly #clients: Promise<void>[];
  readonly #failures: string[] = [];
  readonly #by = new Set<string>();
  #answered = 0;
  #last: Answer | null = null;
  #closing = 0;
  #ending = false;

  constructor(clients: number, question: (client: number) => Promise<Answer>) {
    this.#clients = Array.from({ length: clients }, (_, client) => this.#run(() => question(client)));
  }

  get seen(): LoadSeen {
    return {
      answered: this.#answered,
      failures: this.#failures,
      by: this.#by,
      last: this.#last,
      closing: this.#closing,
    };
  }

  /** Resolves when so many more have been answered. */
  async more(count: number): Promise<void> {
    const enough = this.#answered + count;
    await this.until(({ answered }) => answered >= enough);
  }

  async until(condition: (seen: LoadSeen) => boolean): Promise<void> {
    await expect.poll(() => condition(this.seen), { timeout: PATIENCE_MS, interval: 5 }).toBe(true);
  }

  async end(): Promise<LoadSeen> {
    this.#ending = true;
    await Promise.all(this.#clients);
    return this.seen;
  }

  async #run(question: () => Promise<Answer>): Promise<void> {
    while (!this.#ending) {
      const answer = await question();
      this.#answered++;
      this.#last = answer;
      if (header(answer, 'connection') === 'close') this.#closing++;
      this.#by.add(header(answer, 'x-served-by') ?? 'nginx');
      if (answer.status < 200 || answer.status >= 300) {
        this.#failures.push(`${answer.status} ${header(answer, 'x-served-by') ?? ''} ${answer.body}`.trim());
      }
      // The sockets are read once more before the next question, or on a busy machine it is asked in vain:
      //   1: a replica that leaves answers, and closes the connection half a second later   2: we, who had no time all the
      //   while, read the answer   3: we ask again on that connection, whose end we have not read yet.
      await turn();
      await turn();
    }
  }
}
