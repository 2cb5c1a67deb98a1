import { type Entry, parseEntry } from '../core/entry.ts';
import type {
  AcksReply,
  BeatReply,
  BlessReply,
  ClockReply,
  DoneReply,
  EpochReply,
  MarkReply,
  ProbeReply,
  SetReply,
  UnmarkReply,
  Unreachable,
} from '../core/replies.ts';

/** What a script answered, as a reply of the core. A script says what it answers at its head; anything else throws. */
export function lower<W extends string>(word: unknown, words: readonly W[]): W {
  const found = words.find((candidate) => candidate.toUpperCase() === word);
  if (found === undefined) throw new Error(`a script answered ${String(word)}`);
  return found;
}

export function unreachable(error: unknown): Unreachable {
  return { is: 'unreachable', error: error instanceof Error ? error : new Error(String(error)) };
}

export function epochReply([, epoch, clock, past, since, now]: unknown[]): EpochReply {
  return {
    is: 'epoch',
    epoch: String(epoch),
    clock: Number(clock),
    past: String(past).split(' ').filter(Boolean),
    since: Number(since),
    now: Number(now),
  };
}

export function neverReply(): never {
  throw new Error('RENEW answers an epoch and nothing else');
}

export function clockReply([, clock]: unknown[]): ClockReply {
  return { is: 'clock', clock: Number(clock) };
}

export function doneReply([is, clock]: unknown[]): DoneReply {
  return { is: lower(is, ['ok']), clock: Number(clock) };
}

export function markReply([is, clock, longestOrNow, waiting, quarantine]: unknown[]): MarkReply {
  if (is === 'TOO_LONG') return { is: 'tooLong', clock: Number(clock), longestMs: Number(longestOrNow) };
  return { is: lower(is, ['ok']), clock: Number(clock), waiting: Number(waiting), quarantineMs: Number(quarantine) };
}

export function unmarkReply([is, clock, , lost, waiting, quarantine]: unknown[]): UnmarkReply {
  return {
    is: lower(is, ['ok']),
    clock: Number(clock),
    lost: Number(lost),
    waiting: Number(waiting),
    quarantineMs: Number(quarantine),
  };
}

export function acksReply([is, clock, waiting, quarantine]: unknown[]): AcksReply {
  return { is: lower(is, ['acks']), clock: Number(clock), waiting: Number(waiting), quarantineMs: Number(quarantine) };
}

export function setReply([is, clock]: unknown[]): SetReply {
  return { is: lower(is, ['ok', 'mark']), clock: Number(clock) };
}

export function probeReply([is, clock, probe, base, previous, quarantine, blessed]: unknown[]): ProbeReply {
  return {
    is: lower(is, ['probe']),
    clock: Number(clock),
    probe: Number(probe),
    base: Number(base),
    previous: previous === '' ? null : String(previous),
    quarantineMs: Number(quarantine),
    blessed: blessed === '' ? null : String(blessed),
  };
}

export function blessReply([is, clock]: unknown[]): BlessReply {
  return { is: lower(is, ['ok', 'refused']), clock: Number(clock) };
}

export function beatReply([is, clock, now, since, probe, proved, longestMarkMs, page]: unknown[]): BeatReply {
  return {
    is: lower(is, ['beat']),
    clock: Number(clock),
    now: Number(now),
    since: Number(since),
    longestMarkMs: Number(longestMarkMs),
    probe: Number(probe),
    proved: Number(proved),
    page: Array.isArray(page) ? parsePage(page) : 'trimmed',
  };
}

/** An entry that cannot be read is one that cannot be applied: as if it had been trimmed, so that L1 is emptied. */
function parsePage(rows: unknown[]): 'trimmed' | Entry[] {
  const entries: Entry[] = [];
  for (const row of rows) {
    const [id, fields] = row as [string, string[]];
    const entry = parseEntry(Number.parseInt(id, 10), fields[1] ?? '', Number(fields[3] ?? 0));
    if (entry === undefined) return 'trimmed';
    entries.push(entry);
  }
  return entries;
}
