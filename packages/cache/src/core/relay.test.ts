/** A round of the relay: what it asks in which order, under which epoch, and when it proves nothing. */
import { beforeEach, expect, test } from 'vitest';
import { LruStore } from '../l1/lru.ts';
import { MUTATION_KEYS } from './limits.ts';
import { Partition } from './partition.ts';
import { type OutboxRow, Relay } from './relay.ts';
import type { EpochReply, ProbeReply } from './replies.ts';

let partition: Partition;

beforeEach(() => {
  partition = new Partition({ index: 0, stalenessMs: 1_000, l1: new LruStore(10), proof: 'origin' });
  partition.offered(partition.sending(0), epoch('e1', 10));
});

function epoch(name: string, clock: number): EpochReply {
  return { is: 'epoch', epoch: name, clock, past: [], since: 0, now: 0 };
}

const sent = () => partition.sending(0);
const ok = (clock: number) => ({ is: 'ok', clock }) as const;
const relay = (repair = false) => new Relay(partition, { repair, owns: (key) => !key.startsWith('other') });
const row = (id: number, key: string | null, ...tags: string[]): OutboxRow => ({ id: String(id), key, tags });
const PROBE = { is: 'probe', clock: 10, probe: 7, base: 9, previous: 'e0', quarantineMs: 0, blessed: null } as const;

function probed(machine: Relay, more: Partial<ProbeReply> = {}) {
  machine.start();
  return machine.probed(sent(), { ...PROBE, ...more } as ProbeReply);
}

test('a round: probe, snapshot, recheck, invalidate, done, prove', () => {
  const machine = relay();
  expect(machine.start()).toEqual({ do: 'probe' });
  expect(machine.probed(sent(), PROBE)).toEqual({ do: 'snapshot', epoch: 'e1', preceding: null });
  const rows = [row(1, 'k', 't'), row(2, 'k', 'u'), row(3, 'j')];
  expect(machine.snapshotted(rows, true)).toEqual({ do: 'recheck', epoch: 'e1', ids: ['1', '2', '3'] });
  // The writer of 3 has marked it itself.
  expect(machine.rechecked(['1', '2'])).toEqual({ do: 'invalidate', epoch: 'e1', keys: ['k'], tags: ['t', 'u'] });
  const done = { do: 'done', epoch: 'e1', marks: [{ clock: 11, ids: ['1', '2'] }] };
  expect(machine.invalidated(sent(), ok(11))).toEqual(done);
  expect(partition.applied).toBe(11);
  expect(machine.marked()).toEqual({ do: 'prove', epoch: 'e1', probe: 7 });
  expect(machine.proved(sent(), ok(11))).toEqual({ do: 'end', proved: true, more: false });
});

test('nothing open: the probe is proved at once', () => {
  const machine = relay();
  probed(machine);
  expect(machine.snapshotted([], true)).toEqual({ do: 'prove', epoch: 'e1', probe: 7 });
});

test('a snapshot that was cut short proves nothing, and the next round begins at once', () => {
  const machine = relay();
  probed(machine);
  machine.snapshotted([row(1, 'k')], false);
  machine.rechecked(['1']);
  machine.invalidated(sent(), ok(11));
  expect(machine.marked()).toEqual({ do: 'end', proved: false, more: true });
});

test('keys of other partitions are left to them, tags are not; a batch keeps the limits of a mutation', () => {
  const machine = relay();
  probed(machine);
  const many = Array.from({ length: MUTATION_KEYS + 1 }, (_, at) => row(at, `k${at}`));
  machine.snapshotted([row(900, 'other', 't'), ...many], true);
  const first = machine.rechecked(['900', ...many.map(({ id }) => id)]);
  expect(first).toMatchObject({ do: 'invalidate', tags: ['t'] });
  expect(first).toHaveProperty('keys.length', MUTATION_KEYS);
  expect(machine.invalidated(sent(), ok(11))).toMatchObject({
    do: 'invalidate',
    keys: [`k${MUTATION_KEYS}`],
    tags: [],
  });
});

test('an epoch that ends under it ends the round', () => {
  const machine = relay();
  probed(machine);
  machine.snapshotted([row(1, 'k')], true);
  machine.rechecked(['1']);
  expect(machine.invalidated(sent(), epoch('e2', 3))).toEqual({ do: 'end', proved: false, more: false });
  expect(partition.epoch).toBe('e2');
});

test('busy, unreachable and refused rounds prove nothing', () => {
  const machine = relay();
  probed(machine);
  expect(machine.busy()).toEqual({ do: 'end', proved: false, more: false });
  expect(probed(relay(), { is: 'unreachable', error: new Error('gone') } as never)).toMatchObject({ proved: false });
});

test('repair: inside the quarantine a plain round, that leaves out what was done before the loss', () => {
  const preceding = { epoch: 'e0', upTo: 9 };
  expect(probed(relay(true), { quarantineMs: 10 })).toEqual({ do: 'snapshot', epoch: 'e1', preceding });
});

test('repair: after it a replay of everything not done before the loss, then the blessing, then the proof', () => {
  const machine = relay(true);
  expect(probed(machine)).toEqual({ do: 'snapshot', epoch: null, preceding: { epoch: 'e0', upTo: 9 } });
  // What was done in e1 meanwhile is asked about no more: a replay asks about e0.
  expect(machine.snapshotted([row(1, 'k')], true)).toMatchObject({ do: 'invalidate', keys: ['k'] });
  machine.invalidated(sent(), ok(11));
  expect(machine.marked()).toEqual({ do: 'bless', epoch: 'e1', preceding: 'e0' });
  expect(machine.blessed(sent(), ok(11))).toEqual({ do: 'prove', epoch: 'e1', probe: 7 });
});

test('repair: a blessing that is refused proves nothing; once blessed the rounds are plain again', () => {
  const machine = relay(true);
  probed(machine);
  machine.snapshotted([], true);
  expect(machine.blessed(sent(), { is: 'refused', clock: 10 })).toMatchObject({ do: 'end', proved: false });
  expect(probed(relay(true), { blessed: 'e0' })).toMatchObject({ do: 'snapshot', epoch: 'e1' });
});
