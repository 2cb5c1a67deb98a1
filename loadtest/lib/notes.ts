import type { Operation } from '@lockstep/history';

/**
 * What the virtual users of a run note, a line each: they share no memory, so that whatever needs all of them is judged
 * from these lines when the run is over.
 */
export type Note =
  | ({ readonly note: 'operation' } & Operation)
  /** The version of a key before the run, or the origin's own word for it afterwards. */
  | { readonly note: 'initial'; readonly key: string; readonly version: number }
  | { readonly note: 'final'; readonly key: string; readonly version: number }
  /** A virtual user got its first answer from this replica; ms since 1970, as all times here. */
  | { readonly note: 'served'; readonly replica: string; readonly at: number }
  /** A request that counts as failed. */
  | { readonly note: 'failed'; readonly what: string; readonly saw: string; readonly at: number }
  /** An answer that is not what docs/HTTP.md says. */
  | { readonly note: 'unmet'; readonly what: string; readonly saw: string };

/** What was asked or expected, and what came. */
interface Saw {
  readonly what: string;
  readonly saw: string;
}

export interface Notes {
  readonly operations: readonly Operation[];
  readonly initial: ReadonlyMap<string, number>;
  readonly final: ReadonlyMap<string, number>;
  /** When each replica was first seen to answer. */
  readonly served: ReadonlyMap<string, number>;
  readonly failed: readonly Saw[];
  readonly unmet: readonly Saw[];
  /** Lines that are no note; a run that was killed may leave half of one at its end. */
  readonly unreadable: number;
}

/** Reads the notes of a run, in any order. */
export function parseNotes(text: string): Notes {
  const operations: Operation[] = [];
  const initial = new Map<string, number>();
  const final = new Map<string, number>();
  const served = new Map<string, number>();
  const failed: Saw[] = [];
  const unmet: Saw[] = [];
  let unreadable = 0;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const note = noteOf(line);
    if (note === null) unreadable++;
    else if (note.note === 'operation') operations.push(operationOf(note));
    else if (note.note === 'initial') initial.set(note.key, note.version);
    else if (note.note === 'final') final.set(note.key, note.version);
    else if (note.note === 'served') served.set(note.replica, Math.min(served.get(note.replica) ?? Infinity, note.at));
    else (note.note === 'failed' ? failed : unmet).push({ what: note.what, saw: note.saw });
  }
  return { operations, initial, final, served, failed, unmet, unreadable };
}

const KINDS: readonly string[] = [
  'operation',
  'initial',
  'final',
  'served',
  'failed',
  'unmet',
] satisfies Note['note'][];

function noteOf(line: string): Note | null {
  try {
    const parsed: unknown = JSON.parse(line);
    if (typeof parsed !== 'object' || parsed === null || !('note' in parsed)) return null;
    return KINDS.includes(String(parsed.note)) ? (parsed as Note) : null;
  } catch {
    return null;
  }
}

function operationOf({ note: _, ...operation }: { readonly note: 'operation' } & Operation): Operation {
  return operation;
}
