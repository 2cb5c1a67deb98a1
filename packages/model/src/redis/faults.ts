import { putWriters, removeKey, removeMark } from './held.ts';
import { without } from './maps.ts';
import { type Accepts, copyPartitions, partitionOf, type SimServer } from './server.ts';

/** What may happen to a Redis. `replid` is a fresh name each time. Who is cut off by it, the caller's world must know. */

/** What a restart that loses data comes back with. */
export function persist(server: SimServer): void {
  server.saved = copyPartitions(server.partitions);
}

/** A new process: with its data, or with what was last persisted. */
export function restart(server: SimServer, replid: string, data: 'kept' | 'lost'): void {
  if (data === 'lost') setPartitions(server, server.saved);
  server.replid = replid;
  server.runId = replid;
  server.accepts = 'all';
}

export function flushAll(server: SimServer): void {
  server.partitions.clear();
}

/** Replication: `to` holds what `from` holds now, and is its replica. */
export function replicate(from: SimServer, to: SimServer): void {
  setPartitions(to, from.partitions);
  to.replid = from.replid;
  to.accepts = 'reads';
}

/** The server becomes the primary, with what it holds. A failover is this, and `setAccepts` of the former one. */
export function promote(server: SimServer, replid: string): void {
  server.replid = replid;
  server.accepts = 'all';
}

/**
 * What the server does from here on, told of nothing. A former primary: `nothing` if it is dead, `reads` if
 * min-replicas-to-write makes it refuse (D = 0), `all` if it goes on accepting writes for a while (D > 0). An undone
 * failover: `all` again, under the `replid` that it always had.
 */
export function setAccepts(server: SimServer, accepts: Accepts): void {
  server.accepts = accepts;
}

/** The key is gone, whatever it held: evicted, or, of a mark, lost. */
export function evict(server: SimServer, key: string, partition?: string): void {
  removeKey(partitionOf(server, partition), key);
}

/** The value's or lease's time is over; of a mark, one writer's, or all of them. Time itself does not move. */
export function expire(server: SimServer, key: string, writer?: string, partition?: string): void {
  const state = partitionOf(server, partition);
  const held = state.keys.get(key);
  if (held?.is === 'mark' && writer !== undefined) {
    putWriters(
      state,
      key,
      held.writers.filter((each) => each.writer !== writer),
      'index',
    );
  } else {
    removeKey(state, key);
    removeMark(state, key);
  }
}

/** Meta is gone: deleted by hand, or evicted under a policy that `doctor` refuses. The journal is still there. */
export function evictMeta(server: SimServer, partition?: string): void {
  partitionOf(server, partition).meta = null;
}

/** The journal is gone, as far as entries go; the id of its last one stays. */
export function trimJournal(server: SimServer, partition?: string): void {
  partitionOf(server, partition).journal = [];
}

/** The tag is older than the longest TTL: what BEAT would sweep then is swept now. */
export function sweepTag(server: SimServer, tag: string, partition?: string): void {
  const state = partitionOf(server, partition);
  const swept = state.tags.get(tag);
  if (swept === undefined || state.meta === null) return;
  state.tags = without(state.tags, tag);
  if (!server.options.without.floor) {
    state.meta = { ...state.meta, floor: Math.max(state.meta.floor, swept.clock) };
  }
}

/** The row is older than `rowAgeMs`: what BEAT would remove then is removed now. */
export function removeRow(server: SimServer, replica: string, partition?: string): void {
  const state = partitionOf(server, partition);
  if (state.replicas.has(replica)) state.replicas = without(state.replicas, replica);
}

/** Before any time that a test counts; finite, so that it survives JSON. */
const LONG_AGO = -1e12;

/** The quarantine of the present epoch is over. Time itself does not move. */
export function endQuarantine(server: SimServer, partition?: string): void {
  const state = partitionOf(server, partition);
  if (state.meta !== null) state.meta = { ...state.meta, since: LONG_AGO };
}

function setPartitions(server: SimServer, partitions: SimServer['saved']): void {
  server.partitions.clear();
  for (const [name, state] of copyPartitions(partitions)) server.partitions.set(name, state);
}
