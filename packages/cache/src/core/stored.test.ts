/** What stands in Redis and what the bus carries: parsed, or counted as nothing. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeBody, parseEntry, parseMessage } from './entry.ts';
import { MESSAGE_LENGTH } from './limits.ts';
import { parseStored } from './stored.ts';

test('a value keeps its words, its tags and every byte of its payload', () => {
  const tags = ['a b', 'new\nline', '"'];
  expect(parseStored(`V e1 5 10 20 0 ${JSON.stringify(tags)}\n{"a":"\\n"}\n`)).toEqual({
    is: 'value',
    epoch: 'e1',
    f: 5,
    loadedAt: 10,
    expiresAt: 20,
    tags,
    payload: '{"a":"\\n"}\n',
  });
});

test('a lease, a mark, and anything else', () => {
  expect([parseStored('L e t 0').is, parseStored('M w:1').is, parseStored(null).is]).toEqual(['lease', 'mark', 'none']);
  const others = [
    '',
    'x',
    'V',
    'V e1 5\n',
    'V e1 x 1 2 0 []\n1',
    'V e1 5 1 2 0 [1]\n1',
    'V e1 5 1 2 0 [\n1',
    'V e1 5 1 2 0 []',
    'V  5 1 2 0 []\n1',
    'V e1  5 1 2 0 []\n1',
    'V e1 -5 1 2 0 []\n1',
    'V e1 5e1 1 2 0 []\n1',
    'V e1 1234567890123456 1 2 0 []\n1',
    'V e1 5 1 2 []\n1',
    'V e1 5 1 2 0',
  ];
  for (const text of others) expect(parseStored(text)).toEqual({ is: 'none' });
});

test('a message is an entry or a notice', () => {
  const body = encodeBody(['k'], ['t']);
  const entry = { clock: 7, keys: ['k'], tags: ['t'], at: 99 };
  expect(parseMessage(`I e1 7 99 ${body}`)).toEqual({ is: 'entry', epoch: 'e1', entry });
  expect(parseMessage('F "a \\"key\\""')).toEqual({ is: 'fill', key: 'a "key"' });
  expect(parseEntry(7, body, 99)).toEqual(entry);
});

test('no text ends the process, and one that is too long is not parsed', () => {
  for (const text of [
    '',
    'F k',
    'F 1',
    'I e1 7 99 {}',
    'I e1 7 99 [["k"]]',
    'I e1 x 99 [[],[]]',
    'I e1 7 99 [[1],[]]',
  ]) {
    expect(parseMessage(text)).toBeUndefined();
  }
  expect(parseMessage(`F "${'k'.repeat(MESSAGE_LENGTH)}"`)).toBeUndefined();
  fc.assert(
    fc.property(fc.string(), (text) => {
      parseMessage(text);
      parseStored(text);
    }),
    { seed: 1 },
  );
});
