import type { FaultKind, Member } from '../shared/state.ts';

/** On what a fault can be put: a kind of member, or all replicas. */
export type Place = Member['kind'] | 'cluster';

export interface FaultChoice {
  readonly kind: FaultKind;
  readonly title: string;
  /** At most two words, where room is short. */
  readonly tag: string;
  readonly sentence: string;
  /** How much of it, in the order's own fields. */
  readonly extent?: { readonly share?: number; readonly ms?: number };
  /** It ends by itself, and cannot be hurried: there is nothing to undo. */
  readonly endsItself?: true;
}

const slowOrigin: FaultChoice = {
  kind: 'slow-origin',
  title: 'Slow down the origin',
  tag: 'slow origin',
  sentence: 'Every query takes longer: a miss becomes dear.',
};

/** What can be broken where, in the order of the menus: the subtle ones first. */
export const FAULTS: Readonly<Record<Place, readonly FaultChoice[]>> = {
  replica: [
    {
      kind: 'cut-bus',
      title: 'Cut the bus',
      tag: 'bus cut',
      sentence: 'Its subscription is closed: invalidations to it are lost.',
    },
    {
      kind: 'blackhole-bus',
      title: 'Black-hole the bus',
      tag: 'bus silent',
      sentence: 'The socket stays open, and nothing comes: nobody notices.',
    },
    {
      kind: 'lose-messages',
      title: 'Lose messages',
      tag: 'losing',
      sentence: 'Every second invalidation vanishes on its way to it.',
      extent: { share: 0.5 },
    },
    {
      kind: 'delay-bus',
      title: 'Delay the bus',
      tag: 'bus late',
      sentence: 'Every invalidation reaches it 400 ms late.',
      extent: { ms: 400 },
    },
    {
      kind: 'cut-command',
      title: 'Cut it off from Redis',
      tag: 'no Redis',
      sentence: 'It can neither read L2 nor prove what it holds.',
    },
    { ...slowOrigin, sentence: 'Its queries take longer: a miss becomes dear.' },
    {
      kind: 'pause',
      title: 'Pause the process',
      tag: 'paused',
      sentence: 'SIGSTOP: it wakes up later, and does not know that it slept.',
    },
    {
      kind: 'kill',
      title: 'Kill the process',
      tag: 'killed',
      sentence: 'SIGKILL: it comes back with an empty L1.',
      endsItself: true,
    },
    {
      kind: 'writer-crash',
      title: 'Crash it in a write',
      tag: 'crash',
      sentence: 'It commits, and dies before it can tell the others.',
      endsItself: true,
    },
  ],
  redis: [
    {
      kind: 'kill-subscribers',
      title: 'Kill the subscribers',
      tag: 'dropped',
      sentence: 'CLIENT KILL: every subscription is closed at once.',
      endsItself: true,
    },
    {
      kind: 'flushall',
      title: 'FLUSHALL',
      tag: 'flushed',
      sentence: 'Everything in Redis is gone, the clock of invalidations too.',
      endsItself: true,
    },
    {
      kind: 'restart-redis',
      title: 'Restart',
      tag: 'restarting',
      sentence: 'Redis goes down, and comes back with what it had written.',
      endsItself: true,
    },
  ],
  postgres: [slowOrigin],
  nginx: [],
  cluster: [
    {
      kind: 'rolling-restart',
      title: 'Rolling restart',
      tag: 'rolling',
      sentence: 'Every replica is restarted, one after the other, under load.',
      endsItself: true,
    },
  ],
};

/** What the server calls the target of a fault on all replicas. */
export const ALL_REPLICAS = 'replicas';

const BY_KIND = new Map(
  Object.values(FAULTS)
    .flat()
    .map((choice) => [choice.kind, choice]),
);

/** At most two words for a kind of fault. */
export function faultTag(kind: FaultKind): string {
  return BY_KIND.get(kind)?.tag ?? kind;
}

export function canBeUndone(kind: FaultKind): boolean {
  return BY_KIND.get(kind)?.endsItself !== true;
}
