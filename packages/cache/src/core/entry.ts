import { MESSAGE_LENGTH } from './limits.ts';
import { isStrings } from './stored.ts';

/** One invalidation, as the journal and the bus carry it. */
export interface Entry {
  readonly clock: number;
  readonly keys: readonly string[];
  readonly tags: readonly string[];
  /** Redis ms at which it was executed; 0 where that is not known. */
  readonly at: number;
}

/** What the bus carries: invalidations of an epoch, and notices that a fill has ended. */
export type BusMessage =
  | { readonly is: 'entry'; readonly epoch: string; readonly entry: Entry }
  | { readonly is: 'fill'; readonly key: string };

/** `[[key, ...], [tag, ...]]` */
export function encodeBody(keys: readonly string[], tags: readonly string[]): string {
  return JSON.stringify([keys, tags]);
}

/** Undefined for anything malformed: nothing that arrives from outside may end the process. */
export function parseEntry(clock: number, body: string, at: number): Entry | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (!Array.isArray(parsed) || !Number.isSafeInteger(clock)) return undefined;
  const [keys, tags]: unknown[] = parsed;
  return isStrings(keys) && isStrings(tags) ? { clock, keys, tags, at } : undefined;
}

/** `I <epoch> <clock> <Redis ms> <body>` or `F <key as JSON>`. */
export function parseMessage(text: string): BusMessage | undefined {
  if (text.length > MESSAGE_LENGTH) return undefined;
  if (text.startsWith('F ')) {
    try {
      const key: unknown = JSON.parse(text.slice(2));
      return typeof key === 'string' ? { is: 'fill', key } : undefined;
    } catch {
      return undefined;
    }
  }
  const head = /^I (\S+) (\d+) (\d+) /.exec(text);
  if (head === null) return undefined;
  const entry = parseEntry(Number(head[2]), text.slice(head[0].length), Number(head[3]));
  return entry && { is: 'entry', epoch: String(head[1]), entry };
}
