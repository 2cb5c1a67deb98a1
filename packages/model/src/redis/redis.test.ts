/** What the comparison with a real Redis cannot reach: copies, faults, and each mechanism that can be taken out. */
import { describe, expect, test } from 'vitest';
import {
  acks,
  beat,
  bless,
  type Caller,
  clock,
  copyServer,
  drain,
  endQuarantine,
  evict,
  evictMeta,
  expire,
  fill,
  flushAll,
  get,
  invalidate,
  lease,
  mark,
  openServer,
  persist,
  probe,
  promote,
  read,
  removeRow,
  renew,
  replicate,
  restart,
  type SimOptions,
  type SimServer,
  setAccepts,
  sweepTag,
  trimJournal,
  unmark,
} from './index.ts';

const OPTIONS = { markMs: 40, beyondMarkMs: 10, journalLength: 4, page: 2, leaseMs: 20 };
let nonces = 0;

/** A server in its first epoch, e1, whose quarantine is over. */
function opened(options: Partial<SimOptions> = {}, alone = false): SimServer {
  const server = openServer('r1', { ...OPTIONS, ...options }, alone);
  clock(server, { epoch: '', nonce: 'e1', now: 0 });
  endQuarantine(server);
  return server;
}

function by(epoch = 'e1', now = 0): Caller {
  return { epoch, nonce: `n${nonces++}`, now };
}

function stored(server: SimServer, payload = 'v0', tags: string[] = []): void {
  const { clock: f } = lease(server, by(), { key: 'k', token: 't' }) as { clock: number };
  expect(fill(server, by(), { key: 'k', token: 't', f, payload, tags }).is).toBe('stored');
}

describe('states', () => {
  test.each([false, true])('a copy goes its own way, and the state survives structuredClone; alone: %s', (alone) => {
    const server = opened({}, alone);
    stored(server, 'v0', ['tag']);
    mark(server, by(), { keys: ['marked'], writer: 'w' });
    beat(server, by(), { replica: 'a', applied: 0 });
    persist(server);
    const before = structuredClone(server);
    const copy = copyServer(server);
    invalidate(copy, by(), { keys: ['k'], tags: ['tag'] });
    unmark(copy, by(), { keys: ['marked'], writer: 'w' });
    beat(copy, by(), { replica: 'b', applied: 1 });
    sweepTag(copy, 'tag');
    removeRow(copy, 'a');
    evict(copy, 'marked');
    trimJournal(copy);
    drain(copy);
    expect(structuredClone(server)).toEqual(before);
    expect(structuredClone(copy)).not.toEqual(before);
    flushAll(copy);
    expect(structuredClone(server)).toEqual(before);
  });

  test('what is published waits for whoever takes it, once', () => {
    const server = opened();
    lease(server, by(), { key: 'k', token: 't' });
    lease(server, by(), { key: 'k', token: 'other' });
    fill(server, by(), { key: 'k', token: 't', f: 0, payload: 'v0' });
    mark(server, by('e1', 7), { keys: ['k'], writer: 'w' });
    expect(drain(server).map(({ message }) => message)).toEqual([
      { is: 'fill', key: 'k' },
      { is: 'entry', epoch: 'e1', entry: { clock: 1, keys: ['k'], tags: [], at: 7 } },
    ]);
    expect(drain(server)).toEqual([]);
  });

  test('partitions have clocks of their own', () => {
    const server = opened();
    clock(server, { epoch: '', nonce: 'e9', now: 0, partition: '9' });
    invalidate(server, { ...by('e9'), partition: '9' }, { keys: ['k'] });
    expect(clock(server, by())).toEqual({ is: 'clock', clock: 0 });
    expect(clock(server, { ...by('e9'), partition: '9' })).toEqual({ is: 'clock', clock: 1 });
  });
});

describe('faults', () => {
  test('a failover: the deposed one answers GETs and no script; the other begins an epoch where it had got to', () => {
    const p = opened();
    const q = openServer('q', OPTIONS);
    stored(p);
    replicate(p, q);
    expect(read(q, by(), 'k').is).toBe('unreachable');
    invalidate(p, by(), { keys: ['k'] });
    promote(q, 'r2');
    setAccepts(p, 'reads');
    expect(read(p, by(), 'k').is).toBe('unreachable');
    expect(get(q, { now: 0 }, 'k')).toMatchObject({ text: expect.stringContaining('v0') });
    expect(clock(q, { ...by(), nonce: 'e2' })).toMatchObject({ is: 'epoch', epoch: 'e2', clock: 0, past: ['e1'] });
    setAccepts(p, 'nothing');
    expect(get(p, { now: 0 }, 'k').is).toBe('unreachable');
    setAccepts(p, 'all');
    expect(clock(p, by())).toEqual({ is: 'clock', clock: 1 });
  });

  test('a restart loses what was not persisted, or nothing, and is noticed either way', () => {
    const server = opened();
    persist(server);
    invalidate(server, by(), { keys: ['k'] });
    const kept = copyServer(server);
    restart(kept, 'r2', 'kept');
    expect(clock(kept, by())).toMatchObject({ is: 'epoch', clock: 1 });
    restart(server, 'r2', 'lost');
    expect(clock(server, by())).toMatchObject({ is: 'epoch', clock: 0 });
  });

  test('without meta the clock goes on from the journal, and no epoch is known to have been the one before', () => {
    const server = opened();
    invalidate(server, by(), { keys: ['k'] });
    trimJournal(server);
    evictMeta(server);
    expect(clock(server, by('e0'))).toMatchObject({ is: 'epoch', clock: 1, past: ['e0'] });
    const epoch = server.partitions.get('0')?.meta?.epoch ?? '';
    endQuarantine(server);
    expect(probe(server, by(epoch))).toMatchObject({ previous: null, base: 1 });
    expect(bless(server, by(epoch), 'e0').is).toBe('refused');
  });

  test('one writer’s part of a mark expires, or the whole of it', () => {
    const server = opened();
    mark(server, by(), { keys: ['k'], writer: 'v' });
    mark(server, by(), { keys: ['k'], writer: 'w' });
    expire(server, 'k', 'v');
    expect(read(server, by(), 'k').is).toBe('mark');
    expire(server, 'k');
    expect(read(server, by(), 'k').is).toBe('none');
    expect(server.partitions.get('0')?.marks.size).toBe(0);
  });

  test('a swept tag leaves the floor behind', () => {
    const server = opened();
    stored(server, 'v0', ['tag']);
    invalidate(server, by(), { keys: [], tags: ['tag'] });
    sweepTag(server, 'tag');
    expect(read(server, by(), 'k').is).toBe('refused');
  });
});

test('a linearizable writer waits for live rows that do not show its clock in this epoch', () => {
  const server = opened();
  beat(server, by('e1', 0), { replica: 'dead', applied: 0 });
  beat(server, by('e1', 100), { replica: 'a', applied: 0 });
  beat(server, by('e1', 100), { replica: 'b', applied: 1 });
  expect(mark(server, by('e1', 110), { keys: ['k'], writer: 'w' })).toMatchObject({ clock: 1, waiting: 1 });
  expect(unmark(server, by('e1', 110), { keys: ['k'], writer: 'w' })).toMatchObject({ lost: 0, waiting: 0 });
  expect(unmark(server, by('e1', 110), { keys: ['k'], writer: 'w' })).toMatchObject({ lost: 1, clock: 2, waiting: 2 });
  expect(acks(server, by('e1', 121), 1)).toMatchObject({ is: 'acks', clock: 2, waiting: 0 });
  const epoch = (renew(server, by('e1', 110), 'e1') as { epoch: string }).epoch;
  expect(acks(server, by(epoch, 110), 1)).toMatchObject({ waiting: 2, quarantineMs: 50 });
});

describe('each mechanism that can be taken out makes a difference', () => {
  const WITHOUT: readonly [keyof SimOptions['without'], (server: SimServer) => unknown][] = [
    ['leaseToken', (server) => fill(server, by(), { key: 'k', token: 'none', f: 0, payload: 'v0' }).is],
    ['fallback', (server) => unmark(server, by(), { keys: ['k'], writer: 'w' })],
    [
      'quarantine',
      (server) => {
        restart(server, 'r2', 'kept');
        clock(server, { epoch: '', nonce: 'e2', now: 0 });
        return lease(server, by('e2'), { key: 'k', token: 't' }).is;
      },
    ],
    [
      'replid',
      (server) => {
        promote(server, 'r2');
        return clock(server, by()).is;
      },
    ],
    [
      'valueEpoch',
      (server) => {
        stored(server);
        renew(server, { epoch: 'e1', nonce: 'e2', now: 0 }, '');
        return read(server, by('e2'), 'k').is;
      },
    ],
    [
      'leaseEpoch',
      (server) => {
        lease(server, by(), { key: 'k', token: 't' });
        renew(server, { epoch: 'e1', nonce: 'e2', now: 0 }, '');
        return fill(server, by('e2'), { key: 'k', token: 't', f: 0, payload: 'v0' }).is;
      },
    ],
    [
      'writingReads',
      (server) => {
        setAccepts(server, 'reads');
        return read(server, by(), 'k').is;
      },
    ],
    [
      'markWriters',
      (server) => {
        mark(server, by(), { keys: ['k'], writer: 'v' });
        mark(server, by(), { keys: ['k'], writer: 'w' });
        unmark(server, by(), { keys: ['k'], writer: 'w' });
        return read(server, by(), 'k').is;
      },
    ],
    ['blessPrevious', (server) => bless(server, by(), 'any').is],
    [
      'blessingEnds',
      (server) => {
        stored(server);
        renew(server, { epoch: 'e1', nonce: 'e2', now: 0 }, '');
        bless(server, by('e2', 1_000), 'e1');
        renew(server, { epoch: 'e2', nonce: 'e3', now: 0 }, '');
        return read(server, by('e3'), 'k').is;
      },
    ],
    [
      'floor',
      (server) => {
        stored(server, 'v0', ['tag']);
        invalidate(server, by(), { keys: [], tags: ['tag'] });
        beat(server, by('e1', 59_000), { replica: 'a', applied: 1 });
        beat(server, by('e1', 60_000), { replica: 'a', applied: 1 });
        return read(server, by('e1', 60_000), 'k').is;
      },
    ],
  ];

  test.each(WITHOUT)('%s', (mechanism, outcome) => {
    expect(outcome(opened({ without: { [mechanism]: true } }))).not.toEqual(outcome(opened()));
  });

  test('tagsAfterCommit', () => {
    const invalidated = (tagsAfterCommit?: 'mark' | 'both') => {
      const server = opened({ without: tagsAfterCommit ? { tagsAfterCommit } : {} });
      mark(server, by(), { keys: ['k'], tags: ['tag'], writer: 'w' });
      unmark(server, by(), { keys: ['k'], tags: ['tag'], writer: 'w' });
      return server.partitions.get('0')?.journal.map(({ tags }) => tags.length);
    };
    expect(invalidated()).toEqual([0, 1]);
    expect(invalidated('mark')).toEqual([1]);
    expect(invalidated('both')).toEqual([1, 1]);
  });
});
