import { expect, test } from 'vitest';
import { type Note, parseNotes } from './notes.ts';

const read: Note = {
  ...{ note: 'operation', client: 'session 1', key: 'product:1', kind: 'read', level: 'bounded' },
  ...{ start: 1, end: 2, version: 1, outcome: 'ok' },
};
const lines = (...notes: readonly Note[]) => notes.map((note) => JSON.stringify(note)).join('\n');

test('notes are read back as they were written', () => {
  const { note: _, ...operation } = read;
  const notes = parseNotes(
    lines(
      { note: 'initial', key: 'product:1', version: 1 },
      read,
      { note: 'final', key: 'product:1', version: 4 },
      { note: 'failed', what: 'PATCH', saw: '502', at: 5 },
      { note: 'unmet', what: 'GET: 200', saw: '500' },
    ),
  );
  expect(notes.operations).toEqual([operation]);
  expect([...notes.initial, ...notes.final]).toEqual([
    ['product:1', 1],
    ['product:1', 4],
  ]);
  expect(notes.failed).toEqual([{ what: 'PATCH', saw: '502' }]);
  expect(notes.unmet).toEqual([{ what: 'GET: 200', saw: '500' }]);
  expect(notes.unreadable).toBe(0);
});

test('the first answer of a replica is the earliest that anybody got', () => {
  const at = (when: number): Note => ({ note: 'served', replica: 'api-1', at: when });
  expect([...parseNotes(lines(at(20), at(10), at(30))).served]).toEqual([['api-1', 10]]);
});

test('what is no note is counted: a history that is not whole proves nothing', () => {
  const half = JSON.stringify(read).slice(0, 20);
  const notes = parseNotes(`${JSON.stringify(read)}\n\nnull\n{"note":"other"}\n${half}`);
  expect(notes.unreadable).toBe(3);
  expect(notes.operations).toHaveLength(1);
});
