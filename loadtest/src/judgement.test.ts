import { expect, test } from 'vitest';
import type { Note } from '../lib/notes.ts';
import { parseNotes } from '../lib/notes.ts';
import { judgeNotes } from './judgement.ts';

const BOUND_MS = 1_000;
const key = 'product:1';
const initial: Note = { note: 'initial', key, version: 1 };
const final = (version: number): Note => ({ note: 'final', key, version });
const write = (client: string, version: number, start: number): Note => {
  return { note: 'operation', client, key, kind: 'write', start, end: start + 1, version, outcome: 'ok' };
};
const read = (client: string, version: number, start: number, level: 'bounded' | 'session' | 'strong'): Note => {
  return { note: 'operation', client, key, kind: 'read', level, start, end: start + 1, version, outcome: 'ok' };
};
const judged = (...notes: readonly Note[]) =>
  judgeNotes(parseNotes(notes.map((note) => JSON.stringify(note)).join('\n')), BOUND_MS);

test('a history that holds has no reasons', () => {
  const { reasons, verdict } = judged(initial, write('a', 2, 0), read('b', 1, 900, 'bounded'), final(2));
  expect(reasons).toEqual([]);
  expect(verdict.outcome).toBe('held');
});

test('what takes two sessions to be seen is found: a read beyond the bound of a write of another', () => {
  const { counts, reasons } = judged(initial, write('a', 2, 0), read('b', 1, 1_100, 'bounded'), final(2));
  expect(counts.beyond_bound).toBe(1);
  expect(reasons).toEqual(['beyond_bound: 1 by the judge of the history, 0 are allowed']);
});

test.each([
  [
    'the origin does not have it at the end',
    'lost_write',
    [write('a', 2, 0), write('a', 3, 5), read('a', 3, 9, 'strong'), final(2)],
  ],
  [
    'two writes got one version',
    'lost_write',
    [write('a', 2, 0), write('b', 2, 5), read('a', 2, 9, 'strong'), final(2)],
  ],
  ['a strong read misses a write', 'not_linearizable', [write('a', 2, 0), read('b', 1, 5, 'strong'), final(2)]],
  ['a session misses its own write', 'read_your_writes', [write('a', 2, 0), read('a', 1, 5, 'session'), final(2)]],
  ['a version that nobody wrote', 'impossible', [write('a', 2, 0), read('b', 9, 5, 'bounded'), final(9)]],
] as const)('%s: %s', (_what, name, notes) => {
  const { counts, reasons } = judged(initial, ...notes);
  expect(counts[name]).toBeGreaterThan(0);
  expect(reasons.join()).toContain(name);
});

test.each([
  ['without a write', [initial, read('a', 1, 0, 'bounded'), final(1)], 'no read began after an acknowledged write'],
  ['without a product', [], 'created no products'],
  ["without the origin's word", [initial, write('a', 2, 0), read('a', 2, 5, 'bounded')], 'could not be asked'],
] as const)('a run %s proves nothing, and has not held', (_what, notes, reason) => {
  expect(judged(...notes).reasons.join()).toContain(reason);
});

test('nor does a history that is not whole', () => {
  const notes = [initial, write('a', 2, 0), read('a', 2, 5, 'bounded'), final(2)].map((note) => JSON.stringify(note));
  const { reasons } = judgeNotes(parseNotes([...notes, '{"note":"oper'].join('\n')), BOUND_MS);
  expect(reasons).toEqual(['1 lines of the notes cannot be read, so the history is not whole']);
});
