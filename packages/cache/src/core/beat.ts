import { BEAT_PAGES } from './limits.ts';
import type { Partition } from './partition.ts';
import type { BeatReply, EpochReply, Sent, Unreachable } from './replies.ts';

/**
 * One round of beats, as a machine: ask, apply what is missing, page on until nothing is, adopt or renew an epoch
 * where the answer says so. A round that ends `proved` has made L1 trusted as of the sending of its last full page.
 */
export type BeatEffect =
  | { readonly do: 'beat' }
  /** Ask for a new epoch in place of `offered`, by compare-and-set. */
  | { readonly do: 'renew'; readonly offered: string }
  | { readonly do: 'end'; readonly proved: boolean };

export class Beat {
  private readonly partition: Partition;
  private readonly rounds: { at: number; clock: number }[] = [];
  private steps = 0;

  constructor(partition: Partition) {
    this.partition = partition;
  }

  start(): BeatEffect {
    return { do: 'beat' };
  }

  /** The answer to `beat`. */
  answered(sent: Sent, reply: BeatReply | EpochReply | Unreachable): BeatEffect {
    if (reply.is === 'unreachable') return { do: 'end', proved: false };
    if (reply.is === 'epoch') return this.offered(sent, reply);
    const advice = this.partition.beaten(sent, reply, this.rounds);
    if (advice === 'renew') return this.again({ do: 'renew', offered: sent.epoch });
    if (advice === 'page') return this.again({ do: 'beat' });
    return { do: 'end', proved: this.partition.current(sent) };
  }

  /** The answer to `renew`. */
  renewed(sent: Sent, reply: EpochReply | Unreachable): BeatEffect {
    if (reply.is === 'unreachable') return { do: 'end', proved: false };
    return this.offered(sent, reply);
  }

  /** A proof that was pending is void: its clock belongs to the history that has ended. */
  private offered(sent: Sent, reply: EpochReply): BeatEffect {
    this.rounds.length = 0;
    if (this.partition.offered(sent, reply) === 'renew') return this.again({ do: 'renew', offered: reply.epoch });
    return this.again({ do: 'beat' });
  }

  /** A round is bounded: a journal that grows faster than it is read, or two primaries, must not hold it for ever. */
  private again(effect: BeatEffect): BeatEffect {
    return ++this.steps > BEAT_PAGES ? { do: 'end', proved: false } : effect;
  }
}
