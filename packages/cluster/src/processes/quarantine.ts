import { until } from '../probe.ts';
import type { ReplicaView } from './replica.ts';

/** A replica that can be asked what it says of itself; null when it does not answer. */
export interface Viewed {
  /** True when something that we know of may keep it from its servers. */
  readonly cutOff: boolean;
  view(): Promise<ReplicaView | null>;
}

/** The epochs in which replicas are at present; those that do not answer have no say. */
export async function epochsOf(replicas: readonly Viewed[]): Promise<Set<string>> {
  const views = await Promise.all(replicas.map((replica) => replica.view()));
  return new Set(views.flatMap((view) => view?.partitions.map(({ epoch }) => epoch) ?? []));
}

/**
 * Waits until L1 may serve again: every replica that takes part has left the former epochs, and the quarantine of its
 * new ones is over.
 *
 * The former epochs matter because a replica learns of a restarted Redis only by its next beat:
 * 1: Redis is killed and back, in a new epoch. 2: we ask a replica, which has not beaten since; it answers, of the old
 * epoch, "no quarantine". 3: we say that it is over. 4: it beats, and the quarantine begins.
 *
 * A replica that is cut off does not take part, nor does one that is silent: a test may have put it there. Any other that
 * says "parked" is waited for, as it only has not come to its beat yet, while a neighbour has and is done.
 */
export async function quarantineOver(
  replicas: () => readonly Viewed[],
  former: ReadonlySet<string>,
  patience: { limitMs: number; signal: AbortSignal },
): Promise<void> {
  await until(
    'the end of the quarantine',
    async () => {
      const asked = replicas();
      const views = await Promise.all(asked.map((replica) => replica.view()));
      // Nobody is there to be in quarantine.
      if (asked.length === 0) return true;
      const late = views.some((view, index) => view?.state === 'parked' && asked[index]?.cutOff === false);
      const taking = views.filter((view): view is ReplicaView => view?.state === 'ready');
      return !late && taking.length > 0 && taking.every((view) => isOver(view, former));
    },
    patience,
  );
}

function isOver({ partitions }: ReplicaView, former: ReadonlySet<string>): boolean {
  return partitions.every(({ epoch, quarantineMs }) => !former.has(epoch) && quarantineMs === 0);
}
