/**
 * A Redis as plain data, and every script of packages/cache/src/redis/scripts as a function on it, with the replies of
 * packages/cache/src/core/replies.ts. It goes through interleavings and faults that a real server cannot be made to
 * take; packages/cache/test/scripts/differential.test.ts holds the two against each other.
 *
 *   const redis = openServer('r1', { markMs: 40, beyondMarkMs: 10, journalLength: 4, page: 2 });
 *   const caller = { epoch: '', nonce: 'e1', now: 0 };           // nonce: fresh for each sending; now: Redis ms
 *   clock(redis, caller)                                         // { is: 'epoch', epoch: 'e1', clock: 0, ... }
 *   lease(redis, { epoch: 'e1', nonce: 'n2', now: 60 }, { key: 'k', token: 't' })   // { is: 'granted', clock: 0 }
 *
 * Scripts: (server, caller, request) -> reply; they change the server in place. `get` has no prologue.
 * What they publish is in `server.outbox` until `drain(server)` takes it: deliver it in order, late, twice, or lose it.
 * Faults: (server, ...) -> void. A failover to Q: `replicate(p, q)` at any earlier moment, then `promote(q, 'r2')` and
 * `setAccepts(p, 'nothing' | 'reads' | 'all')`. Failed back by promotion: `promote(p, 'r3')`; undone: `setAccepts(p, 'all')`.
 * Closing the connections that a fault cuts is up to the caller.
 * `copyServer(server)` before a branch: cheap, as everything below a partition's own fields is replaced, never changed.
 * Whoever changes a state by hand must do the same.
 * `openServer(replid, options, true)`: one that is rarely copied changes its maps in place, and copies are whole.
 */
export { type BeatRequest, beat } from './beat.ts';
export {
  endQuarantine,
  evict,
  evictMeta,
  expire,
  flushAll,
  persist,
  promote,
  removeRow,
  replicate,
  restart,
  setAccepts,
  sweepTag,
  trimJournal,
} from './faults.ts';
export { acceptable, type Held, type Lease, type Mark, textOf, type Value, type WriterMark } from './held.ts';
export { bless, probe, prove, renew } from './proof.ts';
export { clock, type FillRequest, fill, get, type LeaseRequest, lease, read, release } from './reading.ts';
export {
  type Accepts,
  type Caller,
  copyServer,
  DEFAULT_OPTIONS,
  drain,
  type Meta,
  openServer,
  type PartitionState,
  type Published,
  partitionOf,
  type Row,
  type SimOptions,
  type SimServer,
  type TagClock,
  type Without,
} from './server.ts';
export {
  acks,
  type Invalidation,
  invalidate,
  type MarkRequest,
  mark,
  type SetRequest,
  set,
  type UnmarkRequest,
  unmark,
} from './writing.ts';
