import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Verdict } from '@lockstep/history';

/** How long a client waits for its answer, ms; then it closes the connection, as people and their programs do. */
export const PATIENCE_MS = 1_000;

/** What is offered for a while. */
export interface Phase {
  /** Requests per second, whatever becomes of them; null: each connection asks again as soon as it is answered. */
  readonly perSecond: number | null;
  readonly ms: number;
  /** The most that are open at a time. */
  readonly connections: number;
}

/** What became of the requests that were due in one second of a phase, or in all of it. */
export interface Seen {
  /** Due, less what was due while this program stood still. */
  readonly offered: number;
  /** Answered in time with what was asked for. */
  readonly good: number;
  /** Answered 503 `overloaded`. */
  readonly shed: number;
  /** Not answered within the patience of a client. */
  readonly late: number;
  /** Any other answer, and connections that broke. */
  readonly wrong: number;
  /** Not sent, as no connection was free: then more has to be open, or this program was too slow. */
  readonly unsent: number;
  /** The longest time from when one was due until it was sent, ms: more than a client would notice is this program's fault. */
  readonly lag: number;
  /** Of good answers, ms. */
  readonly p50: number;
  readonly p99: number;
}

export interface PhaseSeen extends Seen {
  readonly seconds: readonly Seen[];
  /** Wrong answers by their status and code; 0 is a connection that broke. */
  readonly wrongs: Readonly<Record<string, number>>;
  /** CPU that this program used, as a part of one core. */
  readonly cpu: number;
}

export type Order =
  | { readonly do: 'phase'; readonly phase: Phase }
  | { readonly do: 'judge'; readonly boundMs: number };

/** Clients of the catalogue in a process of their own (offering.ts), so that the test's own work does not slow them. */
export class Offer {
  readonly #child: ChildProcess;

  /** `port` is nginx'; `lists` the part of the requests that asks for a page of products. */
  constructor(port: number, seed: number, lists: number) {
    const program = fileURLToPath(new URL('offering.ts', import.meta.url));
    // A session of its own, which can be given another weight than ours. It ends when we do, as it is disconnected then.
    this.#child = fork(program, [String(port), String(seed), String(lists)], { detached: true });
  }

  /** Resolves when everything that was offered has been answered or given up. */
  phase(phase: Phase): Promise<PhaseSeen> {
    return this.#order<PhaseSeen>({ do: 'phase', phase });
  }

  /** The verdict over every read and write of a product in all phases. */
  judge(boundMs: number): Promise<Verdict> {
    return this.#order<Verdict>({ do: 'judge', boundMs });
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  async #order<T>(order: Order): Promise<T> {
    const ended = once(this.#child, 'exit').then(([code]) => {
      throw new Error(`the load generator ended with ${code}`);
    });
    ended.catch(() => undefined);
    this.#child.send(order);
    const [answer] = await Promise.race([once(this.#child, 'message'), ended]);
    return answer as T;
  }
}
