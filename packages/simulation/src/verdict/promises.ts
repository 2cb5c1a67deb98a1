import type { Violation, ViolationKind } from '@lockstep/history';
import { LIST, SHOWN, UNSHOWN } from '../plan/keys.ts';
import type { Plan } from '../plan/plan.ts';

const NEEDS_MARKS: readonly ViolationKind[] = ['monotonic-reads', 'stale-after-ack', 'new-old-inversion'];

/**
 * What is promised in one plan, beside what is always: docs/PROTOCOL.md, section 8. Everybody gets the bound and reads its own
 * writes. Reads that never go back are promised by key, to clients of keys that are written by `mutate` alone, while no
 * deposed primary accepts writes (D > 0). They and strong reads need writes that mark: a key of which one could not, and was
 * left to the outbox, has no more than the bound and convergence.
 */
export class Promises {
  readonly #deposedMayWrite: boolean;
  readonly #psql: boolean;
  readonly #unmarked: ReadonlySet<string>;
  /** Values of `set` are there as long as nobody takes them away. */
  readonly setKeysStay: boolean;

  /** `unsure`: keys with writes that nobody has acknowledged; those that did not mark are among them. */
  constructor({ setup, operations, faults }: Plan, unsure: ReadonlySet<string>) {
    this.#deposedMayWrite = setup.failoverMs > 0;
    this.#unmarked = setup.onUnreachable === 'outbox' ? unsure : new Set();
    this.#psql = operations.some((operation) => operation.do === 'psql');
    const taking = ['restart', 'flush', 'evict', 'failover', 'undo', 'lose meta'];
    this.setKeysStay = setup.l2TtlMs > setup.stalenessMs && !faults.some((fault) => taking.includes(fault.do));
  }

  holds({ kind, key }: Pick<Violation, 'kind' | 'key'>): boolean {
    if (NEEDS_MARKS.includes(kind) && this.#unmarked.has(key)) return false;
    return kind !== 'monotonic-reads' || (!this.#deposedMayWrite && this.#byMutateAlone(key));
  }

  #byMutateAlone(key: string): boolean {
    return key !== LIST && (key.startsWith(UNSHOWN) || (key.startsWith(SHOWN) && !this.#psql));
  }
}
