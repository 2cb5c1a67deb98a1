import type { Mutation } from '../cache.ts';
import { encodeBody } from '../core/entry.ts';
import { BEAT_PAGE, JOURNAL_LENGTH } from '../core/limits.ts';
import type { Partition } from '../core/partition.ts';
import type { Lease } from '../core/read.ts';
import type {
  AcksReply,
  BeatReply,
  BlessReply,
  ClockReply,
  DoneReply,
  EpochReply,
  FillReply,
  LeaseReply,
  MarkReply,
  ProbeReply,
  ReadReply,
  SetReply,
  UnmarkReply,
  Unreachable,
} from '../core/replies.ts';
import type { Answer, GetCaller, Requests } from '../requests.ts';
import {
  acksReply,
  beatReply,
  blessReply,
  clockReply,
  doneReply,
  epochReply,
  lower,
  markReply,
  neverReply,
  probeReply,
  setReply,
  unmarkReply,
  unreachable,
} from './answers.ts';
import type { Connection } from './connection.ts';
import { GetBatch } from './get-batch.ts';
import type { Names } from './names.ts';
import type { ScriptName } from './scripts.ts';

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
  /** How long an L1 that says nothing may go on serving, S(1 + drift), ms; 0 unless writes are linearizable. */
  readonly leaseMs: number;
  /** Age at which rows of `replicas` are removed, ms. */
  readonly rowAgeMs: number;
}

/** The protocol's requests to one partition, each one script on the command connection. */
export class Commands implements Requests {
  readonly #connection: Connection;
  readonly #partition: Partition;
  readonly #names: Names;
  readonly #settings: CommandSettings;
  readonly #now: () => number;
  readonly #nonce: () => string;
  readonly #gets: GetBatch;

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
    this.#gets = new GetBatch(partition, now, (keys) => connection.mget(keys));
  }

  get(key: string, caller: GetCaller): void {
    if (this.#connection.usable) this.#gets.get(this.#names.key(key), caller);
    else caller.got(this.#partition.sending(this.#now()), unreachable('Redis does not answer'));
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

  invalidate({ keys, tags = [] }: Mutation, epoch?: string): Promise<Answer<DoneReply>> {
    const { meta, journal, tags: tagKey, tagTimes, bus } = this.#names;
    const args = [bus, JOURNAL_LENGTH, encodeBody(keys, tags), ...tags];
    return this.#run('invalidate', [meta, journal, tagKey, tagTimes, ...this.#keys(keys)], args, doneReply, epoch);
  }

  mark(keys: readonly string[], writer: string, durationMs: number): Promise<Answer<MarkReply>> {
    const { meta, journal, tags, tagTimes, marks, replicas, bus } = this.#names;
    const { leaseMs, beyondMarkMs } = this.#settings;
    const args = [bus, JOURNAL_LENGTH, encodeBody(keys, []), writer, durationMs, leaseMs, beyondMarkMs];
    return this.#run('mark', [meta, journal, tags, tagTimes, marks, replicas, ...this.#keys(keys)], args, markReply);
  }

  unmark(keys: readonly string[], writer: string, tags: readonly string[]): Promise<Answer<UnmarkReply>> {
    const { meta, journal, tags: tagKey, tagTimes, marks, replicas, bus } = this.#names;
    const { leaseMs, beyondMarkMs } = this.#settings;
    const names = keys.map((key) => JSON.stringify(key));
    const args = [bus, JOURNAL_LENGTH, JSON.stringify(tags), writer, leaseMs, beyondMarkMs, ...names, ...tags];
    const named = [meta, journal, tagKey, tagTimes, marks, replicas, ...this.#keys(keys)];
    return this.#run('unmark', named, args, unmarkReply);
  }

  /** Who has not acknowledged `clock`, the clock of a MARK or UNMARK, yet. */
  acks(clock: number): Promise<Answer<AcksReply>> {
    const { meta, journal, replicas } = this.#names;
    const { leaseMs, beyondMarkMs } = this.#settings;
    return this.#run('acks', [meta, journal, replicas], [clock, leaseMs, beyondMarkMs], acksReply);
  }

  /** For a value whose only home is the cache. */
  set(key: string, ttlMs: number, tags: readonly string[], payload: string): Promise<Answer<SetReply>> {
    const { meta, journal, tags: tagKey, tagTimes, bus } = this.#names;
    const args = [bus, JOURNAL_LENGTH, encodeBody([key], []), ttlMs, 0, JSON.stringify(tags), payload];
    return this.#run('set', [meta, journal, tagKey, tagTimes, this.#names.key(key)], args, setReply);
  }

  beat(): Promise<Answer<BeatReply | EpochReply | Unreachable>> {
    const { meta, journal, tags, tagTimes, replicas, marks } = this.#names;
    const { replica, start, address, rowAgeMs, l2TtlMs } = this.#settings;
    const args = [`${replica}.${start}`, this.#partition.applied, replica, address, rowAgeMs, BEAT_PAGE, l2TtlMs];
    return this.#run('beat', [meta, journal, tags, tagTimes, replicas, marks], args, beatReply, undefined, true);
  }

  /** Where a round of the relay begins; what it does then, it does under the epoch that this was sent in. */
  probe(): Promise<Answer<ProbeReply>> {
    return this.#run('probe', [this.#names.meta, this.#names.journal], [this.#settings.beyondMarkMs], probeReply);
  }

  prove(epoch: string, probe: number): Promise<Answer<DoneReply>> {
    return this.#run('prove', [this.#names.meta, this.#names.journal], [probe], doneReply, epoch);
  }

  bless(epoch: string, preceding: string): Promise<Answer<BlessReply>> {
    const args = [preceding, this.#settings.beyondMarkMs];
    return this.#run('bless', [this.#names.meta, this.#names.journal], args, blessReply, epoch);
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
