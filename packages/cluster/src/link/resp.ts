const CR = 13;
const LF = 10;
/** How deep aggregates may lie in each other; what Redis pushes is flat. */
const DEPTH_MOST = 8;
/** Digits of a length. */
const DIGITS_MOST = 10;

/** How a subscription begins what it pushes, in RESP2 (`*`) and RESP3 (`>`): to channels, shards and patterns. */
const PUSHED = ['*3\r\n$7\r\nmessage\r\n', '*3\r\n$8\r\nsmessage\r\n', '*4\r\n$8\r\npmessage\r\n'].flatMap((head) =>
  ['*', '>'].map((type) => Buffer.from(type + head.slice(1))),
);

/**
 * Where the frame that begins at `at` ends: the position after it; null while it is not there as a whole; NaN when this
 * is no frame of RESP.
 */
export function frameEnd(bytes: Buffer, at: number, depth = 0): number | null {
  if (at >= bytes.length) return null;
  const type = String.fromCharCode(bytes[at] ?? 0);
  if (!'+-:,(#_$!=*~>%|'.includes(type) || depth > DEPTH_MOST) return Number.NaN;
  const line = lineEnd(bytes, at);
  if (line === null || !'$!=*~>%|'.includes(type)) return line;
  const count = countOf(bytes, at + 1, line - 2);
  if (Number.isNaN(count)) return count;
  if ('$!='.includes(type)) return count < 0 ? line : bulkEnd(bytes, line + count);
  let end: number | null = line;
  // A map has a key and a value for each of its count; attributes are one, and what they belong to follows them.
  for (let left = elementsOf(type, count); left > 0 && end !== null && !Number.isNaN(end); left--) {
    end = frameEnd(bytes, end, depth + 1);
  }
  return end;
}

/** True when the frame at `at` is a message that Redis pushes to a subscription. */
export function isPushed(bytes: Buffer, at: number): boolean {
  return PUSHED.some((head) => bytes.subarray(at, at + head.length).equals(head));
}

/** Where the first pushed message at or after `at` begins; -1 when none does. */
export function pushedAt(bytes: Buffer, at: number): number {
  return PUSHED.reduce((first, head) => {
    const found = bytes.indexOf(head, at);
    return found >= 0 && (first < 0 || found < first) ? found : first;
  }, -1);
}

function elementsOf(type: string, count: number): number {
  if (type === '%') return 2 * count;
  return type === '|' ? 2 * count + 1 : count;
}

/** After the line's CR LF; null while that is not there. */
function lineEnd(bytes: Buffer, at: number): number | null {
  const end = bytes.indexOf(LF, at);
  return end < 0 ? null : end + 1;
}

function bulkEnd(bytes: Buffer, end: number): number | null {
  if (bytes.length < end + 2) return null;
  return bytes[end] === CR && bytes[end + 1] === LF ? end + 2 : Number.NaN;
}

/** A count or a length; -1 stands for nothing. */
function countOf(bytes: Buffer, from: number, to: number): number {
  if (to - from > DIGITS_MOST) return Number.NaN;
  const text = bytes.toString('latin1', from, to);
  return /^(-1|\d+)$/.test(text) ? Number(text) : Number.NaN;
}
