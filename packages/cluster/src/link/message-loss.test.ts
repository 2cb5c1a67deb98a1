/** Whole pushed messages are taken out of a stream of RESP, however the network has cut it, and nothing else is. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LINK_BUFFER_BYTES } from '../limits.ts';
import { MessageLoss } from './message-loss.ts';
import { frameEnd } from './resp.ts';

const bulk = (text: string) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
const message = (text: string) => `*3\r\n${bulk('message')}${bulk('news')}${bulk(text)}`;
const pattern = (text: string) => `>4\r\n${bulk('pmessage')}${bulk('n*')}${bulk('news')}${bulk(text)}`;
const shard = (text: string) => `>3\r\n${bulk('smessage')}${bulk('news')}${bulk(text)}`;
const MESSAGES = [message('one'), message(''), message('a\r\nb'), pattern('two'), shard('größer')];
/** What else Redis says on such a connection, or may. */
const OTHERS = [
  '+PONG\r\n',
  '-ERR no\r\n',
  ':3\r\n',
  '$-1\r\n',
  '*-1\r\n',
  `*2\r\n${bulk('pong')}${bulk('')}`,
  `>3\r\n${bulk('subscribe')}${bulk('news')}:1\r\n`,
  `%1\r\n${bulk('message')}*2\r\n${bulk('x')}_\r\n`,
  `|1\r\n+ttl\r\n:1\r\n${bulk('with an attribute')}`,
  `*2\r\n${bulk('message')}${bulk('no message, for want of a third')}`,
];

const ALWAYS = () => 0;

/** The stream in pieces that begin at these bytes; then its end. */
function through(loss: MessageLoss, stream: string, cuts: readonly number[] = []): string {
  const bytes = Buffer.from(stream);
  const edges = [0, ...[...cuts].map((cut) => cut % bytes.length).sort((a, b) => a - b), bytes.length];
  const kept = edges.slice(1).flatMap((end, index) => loss.take(bytes.subarray(edges[index], end)));
  return Buffer.concat([...kept, loss.rest()]).toString();
}

describe('from the start of a connection', () => {
  test('all messages are lost, and all else comes through, wherever the stream is cut', () => {
    const frames = fc.array(fc.constantFrom(...MESSAGES, ...OTHERS), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(frames, fc.array(fc.nat(), { maxLength: 30 }), (stream, cuts) => {
        const loss = new MessageLoss(1, true, ALWAYS);
        const kept = stream.filter((frame) => OTHERS.includes(frame));
        expect(through(loss, stream.join(''), cuts)).toBe(kept.join(''));
        expect(loss.lost).toBe(stream.length - kept.length);
      }),
    );
  });

  test('a share of them is lost, one draw for each', () => {
    const draws = [0.1, 0.6, 0.4, 0.9];
    const loss = new MessageLoss(0.5, true, () => draws.shift() ?? 1);
    const frames = ['a', 'b', 'c', 'd'].map(message);
    expect(through(loss, frames.join(''))).toBe(`${frames[1]}${frames[3]}`);
    expect(loss.lost).toBe(2);
  });

  test('the beginning of a frame waits for its end, and is not lost with the fault', () => {
    const loss = new MessageLoss(1, true, ALWAYS);
    const half = message('one').slice(0, 20);
    expect(loss.take(Buffer.from(half))).toEqual([]);
    expect(loss.rest().toString()).toBe(half);
    expect(loss.rest()).toHaveLength(0);
  });
});

describe('in the middle of a connection', () => {
  test('what comes before the first message that begins is let through', () => {
    const loss = new MessageLoss(1, false, ALWAYS);
    const rest = message('of an earlier one').slice(25);
    expect(through(loss, `${rest}${message('a')}+PONG\r\n${message('b')}`)).toBe(`${rest}+PONG\r\n`);
    expect(loss.lost).toBe(2);
  });

  test('a stream that is no RESP, as that of Postgres, passes as it is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.boolean(), (bytes, fromStart) => {
        const loss = new MessageLoss(1, fromStart, ALWAYS);
        const kept = [...loss.take(Buffer.from(bytes)), loss.rest()];
        expect(Buffer.concat(kept)).toEqual(Buffer.from(bytes));
      }),
    );
  });

  test('a frame that is too long to be kept is let through, and the next message is lost again', () => {
    const loss = new MessageLoss(1, true, ALWAYS);
    const long = message('x'.repeat(2 * LINK_BUFFER_BYTES));
    expect(through(loss, `${long}${message('b')}`, [LINK_BUFFER_BYTES + 100])).toBe(long);
    expect(loss.lost).toBe(1);
  });
});

test.each([
  ['x\r\n', 'an unknown type'],
  ['$3\r\nabcd\r\n', 'a text that is longer than it says'],
  ['$abc\r\n', 'a length that is no number'],
  ['*1\r\n'.repeat(20), 'too deep'],
])('%j is no frame: %s', (text) => {
  expect(frameEnd(Buffer.from(text), 0)).toBeNaN();
});
