import { PROBES_KEPT } from './limits.ts';

/** Which proof a cache asks for: that L1 reflects what Redis executed, or also what the origin committed (the outbox is on). */
export type ProofOf = 'redis' | 'origin';

/**
 * Since when what L1 and L2 hold is proved, in one partition.
 *
 * `confirmedAt` is the local time at which a beat was *sent* whose every entry has been applied: what Redis had executed by
 * then is reflected in L1. Counted from the receipt, an invalidation executed between the two would be "proved" and absent.
 *
 * `confirmedAtOrigin` is the same for the origin. Each beat draws a number, its probe. A relay reads the newest probe q,
 * *then* takes a snapshot of the outbox, invalidates what it finds, and proves q. Whoever sent the beat of a probe <= q at t,
 * and later sees q proved in a reply that it has applied, knows that every commit before t is reflected: the snapshot is
 * younger than t.
 */
export class Proofs {
  readonly of: ProofOf;
  /** Local ms; -Infinity without proof. */
  confirmedAt = Number.NEGATIVE_INFINITY;
  confirmedAtOrigin = Number.NEGATIVE_INFINITY;
  private probes: { readonly probe: number; readonly at: number }[] = [];

  constructor(of: ProofOf) {
    this.of = of;
  }

  /** The proof that bounded reads go by. */
  get at(): number {
    return this.of === 'origin' ? this.confirmedAtOrigin : this.confirmedAt;
  }

  /** A beat of this probe was sent at `at`; the oldest make room, which only makes the proof older. */
  beat(probe: number, at: number): void {
    this.probes.push({ probe, at });
    if (this.probes.length > PROBES_KEPT) this.probes.shift();
  }

  /** L1 reflects what Redis had executed when the beat sent at `at` was answered. */
  confirmed(at: number): void {
    if (at > this.confirmedAt) this.confirmedAt = at;
  }

  /** A reply that told so has been applied to its last entry. */
  proved(probe: number): void {
    for (const beat of this.probes) {
      if (beat.probe <= probe && beat.at > this.confirmedAtOrigin) this.confirmedAtOrigin = beat.at;
    }
    this.probes = this.probes.filter((beat) => beat.probe > probe);
  }

  /** Another history: its probes are others, and nothing about it has been proved. */
  forget(): void {
    this.confirmedAt = Number.NEGATIVE_INFINITY;
    this.confirmedAtOrigin = Number.NEGATIVE_INFINITY;
    this.probes = [];
  }
}
