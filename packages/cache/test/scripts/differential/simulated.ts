import {
  acks,
  beat,
  bless,
  type Caller,
  clock,
  drain,
  evict,
  evictMeta,
  fill,
  flushAll,
  get,
  invalidate,
  lease,
  type Meta,
  mark,
  openServer,
  partitionOf,
  probe,
  promote,
  prove,
  read,
  release,
  renew,
  type SimServer,
  set,
  textOf,
  trimJournal,
  unmark,
  type Without,
} from '@lockstep/model/redis';
import type { Asked, State } from './asked.ts';
import { Comparable, LONG_AGO_MS } from './comparable.ts';
import {
  BEYOND_MS,
  type Fault,
  JOURNAL,
  KEYS,
  L2_TTL_MS,
  LEASE_MS,
  LOAD_LIMIT_MS,
  MARK_MS,
  PAGE,
  ROW_AGE_MS,
} from './steps.ts';

/** Any time will do, as long as it is far from LONG_AGO. */
const START_MS = 1e12;

/** The simulation in packages/model. */
export class Simulated {
  readonly comparable = new Comparable(START_MS);
  readonly #server: SimServer;

  /** `alone`: one that changes its maps in place. */
  constructor(without: Without = {}, alone = false) {
    const options = {
      markMs: MARK_MS,
      beyondMarkMs: BEYOND_MS,
      l2TtlMs: L2_TTL_MS,
      loadLimitMs: LOAD_LIMIT_MS,
      leaseMs: LEASE_MS,
      rowAgeMs: ROW_AGE_MS,
      journalLength: JOURNAL,
      page: PAGE,
      without,
    };
    this.#server = openServer('r0', options, alone);
  }

  get #state() {
    return partitionOf(this.#server);
  }

  /** The reply as it is. */
  ask({ call, epoch, own, nonce, key, lease: held, clock: at, named }: Asked): object {
    const server = this.#server;
    const caller: Caller = { epoch, nonce, now: START_MS };
    switch (call.do) {
      case 'get':
        return get(server, caller, call.key);
      case 'read':
        return read(server, caller, call.key);
      case 'lease':
        return lease(server, caller, call);
      case 'fill':
        return fill(server, caller, { ...call, key, f: held.f, payload: 'v' });
      case 'release':
        return release(server, caller, { ...call, key });
      case 'clock':
        return clock(server, caller);
      case 'probe':
        return probe(server, caller);
      case 'invalidate':
        return invalidate(server, caller, call);
      case 'mark':
        return mark(server, caller, { ...call, tags: ['t0'] });
      case 'unmark':
        return unmark(server, caller, call);
      case 'acks':
        return acks(server, caller, at);
      case 'set':
        return set(server, caller, { ...call, payload: 's' });
      case 'beat':
        return beat(server, caller, { replica: `${call.by}.start`, applied: at });
      case 'prove':
        return prove(server, caller, at);
      case 'bless':
        return bless(server, caller, named);
      case 'renew':
        return renew(server, caller, own);
    }
  }

  /** `nonce`: a new name for what the fault begins. */
  suffer(fault: Fault, nonce: string): void {
    const server = this.#server;
    const state = this.#state;
    switch (fault.do) {
      case 'evict':
        evict(server, fault.key);
        break;
      case 'promote':
        promote(server, nonce);
        break;
      case 'flushAll':
        flushAll(server);
        break;
      case 'evictMeta':
        evictMeta(server);
        break;
      case 'trimJournal':
        trimJournal(server);
        break;
      case 'endQuarantine':
        if (state.meta !== null) state.meta = { ...state.meta, since: LONG_AGO_MS };
        break;
      case 'ageTags':
        state.tags = new Map([...state.tags].map(([tag, clocks]) => [tag, { ...clocks, at: LONG_AGO_MS }]));
        break;
      case 'ageRow': {
        const row = state.replicas.get(`${fault.by}.start`);
        if (row) state.replicas = new Map(state.replicas).set(`${fault.by}.start`, { ...row, at: LONG_AGO_MS });
      }
    }
  }

  /** What the next step may refer to. */
  get facts() {
    const { meta } = this.#state;
    return {
      epoch: meta?.epoch ?? '',
      clock: meta?.clock ?? 0,
      probe: meta?.probe ?? 0,
      previous: meta?.previous ?? '',
    };
  }

  state(): State {
    const { meta, lastId, journal, tags, replicas, marks, keys } = this.#state;
    const time = (at: number) => this.comparable.at(at);
    return {
      meta: meta && this.#meta(meta),
      lastId,
      journal: journal.map((entry) => this.comparable.entry(entry)),
      tags: Object.fromEntries([...tags].map(([tag, { clock, at }]) => [tag, [clock, time(at)]])),
      replicas: Object.fromEntries([...replicas].map(([name, row]) => [name, [row.epoch, row.applied, time(row.at)]])),
      marks: Object.fromEntries([...marks].map(([key, deadline]) => [key, time(deadline)])),
      keys: KEYS.map((key) => {
        const held = keys.get(key);
        return this.comparable.text(held === undefined ? null : textOf(held));
      }),
      published: drain(this.#server).map(({ message }) => this.comparable.message(message)),
    };
  }

  /** All but `id`, which no two servers have in common. */
  #meta({ id: _id, since, past, previous, blessed, ...counted }: Meta): object {
    return {
      ...counted,
      since: this.comparable.at(since),
      past: past.join(' '),
      previous: previous ?? '',
      blessed: blessed ?? '',
    };
  }
}
