import type { Partition } from '../core/partition.ts';
import type { Sent } from '../core/replies.ts';
import type { GetCaller } from '../requests.ts';
import { unreachable } from './answers.ts';

/** GETs in one MGET; the next begins another one. */
const BATCH_KEYS = 128;

/**
 * GETs of one turn of the event loop as one MGET: one command, one reply to parse and one time limit instead of as many.
 * Its keys are those of one partition, which are on one hash slot, and were all asked for in one epoch and on one connection.
 */
export class GetBatch {
  readonly #partition: Partition;
  readonly #now: () => number;
  readonly #mget: (keys: readonly string[]) => Promise<(string | null)[]>;
  readonly #flush = () => this.#send();
  #keys: string[] = [];
  #callers: GetCaller[] = [];
  /** The circumstances in which the keys were asked for. */
  #asked: Sent | null = null;

  constructor(partition: Partition, now: () => number, mget: (keys: readonly string[]) => Promise<(string | null)[]>) {
    this.#partition = partition;
    this.#now = now;
    this.#mget = mget;
  }

  get(key: string, caller: GetCaller): void {
    if (this.#asked !== null && !this.#partition.current(this.#asked)) this.#send();
    if (this.#asked === null) {
      this.#asked = this.#partition.sending(this.#now());
      setImmediate(this.#flush);
    }
    this.#keys.push(key);
    this.#callers.push(caller);
    if (this.#keys.length >= BATCH_KEYS) this.#send();
  }

  #send(): void {
    const keys = this.#keys;
    const callers = this.#callers;
    const asked = this.#asked;
    if (asked === null) return;
    this.#keys = [];
    this.#callers = [];
    this.#asked = null;
    // Sent later than asked for, and so told, but never as of another epoch: 1: a session whose token was good in e1 asks
    // 2: the replica adopts e2   3: MGET is sent, "in e2", and answered with what the token does not cover.
    const sent = this.#partition.current(asked) ? this.#partition.sending(this.#now()) : asked;
    this.#mget(keys).then(
      (texts) => {
        callers.forEach((caller, at) => {
          caller.got(sent, { is: 'text', text: texts[at] ?? null });
        });
      },
      (error: unknown) => {
        const reply = unreachable(error);
        for (const caller of callers) caller.got(sent, reply);
      },
    );
  }
}
