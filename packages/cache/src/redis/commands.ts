import type { Mutation } from '../cache.ts';
import { type Entry, encodeBody, parseEntry } from '../core/entry.ts';
import { BEAT_PAGE, JOURNAL_LENGTH } from '../core/limits.ts';
import type { Partition } from '../core/partition.ts';
import type { Lease } from '../core/read.ts';
import type {
  BeatReply,
  ClockReply,
  EpochReply,
  FillReply,
  GetReply,
  LeaseReply,
  MarkReply,
  ReadReply,
  Sent,
  UnmarkReply,
  Unreachable,
} from '../core/replies.ts';
import type { Connection } from './connection.ts';
import type { Names } from './names.ts';
import type { ScriptName } from './scripts.ts';

/** An answer, with the circumstances under which its request was sent. */
export interface Answer<R> {
  readonly sent: Sent;
  readonly reply: R;
}

export interface CommandSettings {
  readonly replica: string;
  /** Random, new at each start: two processes of one name must not acknowledge for each other. */
  readonly start: string;
  readonly address: string;
  readonly markMs: number;
  readonly l2TtlMs: number;
  readonly loadLimitMs: number;
  /** What the quarantine adds to the longest mark, ms. */
  readonly beyondMarkMs: number;
  /** Age at which rows of `replicas` are removed, ms. */
  readonly rowAgeMs: number;
}

/**
 * The protocol's requests to one partition, typed. Each notes what was true when it was sent, carries the replica's
 * epoch and a fresh nonce, and never throws: what went wrong is the answer `unreachable`.
 */
export class Commands {
  readonly #connection: Connection;
  readonly #partition: Partition;
  readonly #names: Names;
  readonly #settings: CommandSettings;
  readonly #now: () => number;
  readonly #nonce: () => string;

  constructor(
    connection: Connection,
    partition: Partition,
    names: Names,
    settings: CommandSettings,
    now: () => number,
    nonce: () => string,
  ) {
    this.#connection = connection;
    this.#partition = partition;
    this.#names = names;
    this.#settings = settings;
    this.#now = now;
    this.#nonce = nonce;
  }

  async get(key: string): Promise<Answer<GetReply>> {
    const sent = this.#partition.sending(this.#now());
    if (!this.#connection.usable) return { sent, reply: unreachable('Redis does not answer') };
    try {
      return { sent, reply: { is: 'text', text: await this.#connection.get(this.#names.key(key)) } };
    } catch (error) {
      return { sent, reply: unreachable(error) };
    }
  }

  read(key: string): Promise<Answer<ReadReply>> {
    const { meta, journal, tags } = this.#names;
    return this.#run('read', [meta, journal, tags, this.#names.key(key)], [], ([is, clock, text, leftMs]) =>
      is === 'VALUE'
        ? { is: 'value', clock: Number(clock), text: String(text) }
        : { is: lower(is, ['refused', 'lease', 'mark', 'none']), clock: Number(clock), leftMs: Number(leftMs) },
    );
  }

  lease(key: string, token: string): Promise<Answer<LeaseReply>> {
    const { meta, journal, tags } = this.#names;
    const { loadLimitMs, beyondMarkMs } = this.#settings;
    const args = [token, loadLimitMs, beyondMarkMs];
    return this.#run('lease', [meta, journal, tags, this.#names.key(key)], args, ([is, clock, text]) =>
      is === 'VALUE'
        ? { is: 'value', clock: Number(clock), text: String(text) }
        : { is: lower(is, ['granted', 'lease', 'mark', 'quarantine']), clock: Number(clock) },
    );
  }

  /** Under the epoch of the lease, never under the one that the replica has meanwhile [M9]. */
  fill(key: string, lease: Lease, ttlMs: number, ageMs: number, tags: readonly string[], payload: string) {
    const { meta, journal, bus } = this.#names;
    const args = [bus, lease.token, lease.f, ttlMs, 0, ageMs, JSON.stringify(tags), JSON.stringify(key), payload];
    return this.#run<FillReply>(
      'fill',
      [meta, journal, this.#names.key(key)],
      args,
      ([is, clock]) => ({ is: lower(is, ['stored', 'refused']), clock: Number(clock) }),
      lease.epoch,
    );
  }

  release(key: string, lease: Lease): Promise<Answer<ClockReply>> {
    const { meta, journal, bus } = this.#names;
    const args = [bus, lease.token, JSON.stringify(key)];
    return this.#run('release', [meta, journal, this.#names.key(key)], args, clockReply, lease.epoch);
  }

  clock(): Promise<Answer<ClockReply>> {
    return this.#run('clock', [this.#names.meta, this.#names.journal], [], clockReply);
  }

  invalidate({ keys, tags = [] }: Mutation): Promise<Answer<MarkReply>> {
    const { meta, journal, tags: tagKey, tagTimes, bus } = this.#names;
    const args = [bus, JOURNAL_LENGTH, encodeBody(keys, tags), ...tags];
    return this.#run('invalidate', [meta, journal, tagKey, tagTimes, ...this.#keys(keys)], args, markReply);
  }

  mark(keys: readonly string[], writer: string, durationMs: number): Promise<Answer<MarkReply>> {
    const { meta, journal, tags, tagTimes, marks, bus } = this.#names;
    const args = [bus, JOURNAL_LENGTH, encodeBody(keys, []), writer, durationMs];
    return this.#run('mark', [meta, journal, tags, tagTimes, marks, ...this.#keys(keys)], args, markReply);
  }

  unmark(keys: readonly string[], writer: string, tags: readonly string[]): Promise<Answer<UnmarkReply>> {
    const { meta, journal, tags: tagKey, tagTimes, marks, bus } = this.#names;
    const names = keys.map((key) => JSON.stringify(key));
    const args = [bus, JOURNAL_LENGTH, JSON.stringify(tags), writer, ...names, ...tags];
    return this.#run(
      'unmark',
      [meta, journal, tagKey, tagTimes, marks, ...this.#keys(keys)],
      args,
      ([, clock, , lost]) => ({ is: 'ok', clock: Number(clock), lost: Number(lost) }),
    );
  }

  beat(): Promise<Answer<BeatReply | EpochReply | Unreachable>> {
    const { meta, journal, tags, tagTimes, replicas, marks } = this.#names;
    const { replica, start, address, rowAgeMs, l2TtlMs } = this.#settings;
    const args = [`${replica}.${start}`, this.#partition.applied, replica, address, rowAgeMs, BEAT_PAGE, l2TtlMs];
    return this.#run('beat', [meta, journal, tags, tagTimes, replicas, marks], args, beatReply, undefined, true);
  }

  /** A new epoch in place of `offered`. The first argument is the epoch to replace, so that the prologue lets it pass. */
  async renew(offered: string): Promise<Answer<EpochReply | Unreachable>> {
    const own = this.#partition.epoch ?? '';
    const { meta, journal } = this.#names;
    const answer = await this.#run<never>('renew', [meta, journal], [own], neverReply, offered, true);
    return { sent: { ...answer.sent, epoch: own }, reply: answer.reply };
  }

  #keys(keys: readonly string[]): string[] {
    return keys.map((key) => this.#names.key(key));
  }

  async #run<R>(
    script: ScriptName,
    keys: readonly string[],
    args: readonly (string | number)[],
    parse: (reply: unknown[]) => R,
    epoch?: string,
    always = false,
  ): Promise<Answer<R | EpochReply | Unreachable>> {
    const now = this.#partition.sending(this.#now());
    const sent = epoch === undefined ? now : { ...now, epoch };
    if (!(always ? this.#connection.ready : this.#connection.usable)) {
      return { sent, reply: unreachable('Redis does not answer') };
    }
    try {
      const common = [sent.epoch, this.#nonce(), this.#settings.markMs];
      const reply = await this.#connection.run(script, keys, [...common, ...args]);
      if (!Array.isArray(reply)) throw new Error(`${script} answered ${JSON.stringify(reply)}`);
      return { sent, reply: reply[0] === 'EPOCH' ? epochReply(reply) : parse(reply) };
    } catch (error) {
      return { sent, reply: unreachable(error) };
    }
  }
}

function unreachable(error: unknown): Unreachable {
  return { is: 'unreachable', error: error instanceof Error ? error : new Error(String(error)) };
}

function lower<W extends string>(word: unknown, words: readonly W[]): W {
  const found = words.find((candidate) => candidate.toUpperCase() === word);
  if (found === undefined) throw new Error(`a script answered ${String(word)}`);
  return found;
}

function epochReply([, epoch, clock, past, since, now]: unknown[]): EpochReply {
  return {
    is: 'epoch',
    epoch: String(epoch),
    clock: Number(clock),
    past: String(past).split(' ').filter(Boolean),
    since: Number(since),
    now: Number(now),
  };
}

function clockReply([, clock]: unknown[]): ClockReply {
  return { is: 'clock', clock: Number(clock) };
}

function markReply([is, clock, longestMs]: unknown[]): MarkReply {
  if (is === 'TOO_LONG') return { is: 'tooLong', clock: Number(clock), longestMs: Number(longestMs) };
  return { is: 'ok', clock: Number(clock) };
}

function neverReply(): never {
  throw new Error('RENEW answers an epoch and nothing else');
}

function beatReply([, clock, now, since, , , longestMarkMs, page]: unknown[]): BeatReply {
  return {
    is: 'beat',
    clock: Number(clock),
    now: Number(now),
    since: Number(since),
    longestMarkMs: Number(longestMarkMs),
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
