import type { Commit, CommitWindow, Mutation, SetOptions, Stamp, WriteResult } from './cache.ts';
import { PAYLOAD_LENGTH, RESTARTS, VALUE_TAGS } from './core/limits.ts';
import type { DoneReply, SetReply, Unreachable } from './core/replies.ts';
import type { Engine, Unit } from './engine.ts';
import { CacheError, CommitAborted, WindowClosed } from './errors.ts';
import { checkMutation, checkNames } from './names.ts';
import { encode } from './origin/encode.ts';
import type { Answer } from './requests.ts';
import { publish } from './telemetry.ts';
import { sleep } from './time.ts';
import { WritePart } from './write-part.ts';

/** Between two tries of an UNMARK that was not answered, ms; doubled up to the most. */
const REPEAT_MS = 25;
const REPEAT_MOST_MS = 500;
/** Writes in flight, those included whose UNMARK is still being repeated; the next is refused. */
const WRITES = 1_000;

/** Performs writes: one part for each partition, all marked before the commit, all unmarked before the answer. */
export class Writer {
  readonly #engine: Engine;
  readonly #repeating = new Set<Promise<void>>();
  #inFlight = 0;
  #closed = false;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async mutate<T>(mutation: Mutation, commit: Commit<T>): Promise<WriteResult<T>> {
    checkMutation(mutation);
    return this.#counted(async () => {
      const parts = this.#parts(mutation.keys);
      await this.#mark(parts);
      const tags = new Set(mutation.tags);
      const committed = { transaction: null as string | null };
      const result = await this.#commit(parts, tags, committed, commit);
      this.#spread(parts, tags);
      const stamps = await this.#acknowledge(parts);
      if (committed.transaction !== null) this.#ownDone(committed.transaction, mutation.keys, [...tags], parts);
      return { result, stamps };
    });
  }

  async invalidate(mutation: Mutation): Promise<WriteResult<void>> {
    checkMutation(mutation);
    const { tags = [] } = mutation;
    return this.#counted(async () => {
      const groups = this.#byUnit(mutation.keys);
      const units = tags.length > 0 ? this.#engine.units : [...groups.keys()];
      const stamps = await Promise.all(
        units.map((unit) => {
          const own = groups.get(unit) ?? [];
          return this.#done(unit, () => unit.requests.invalidate({ keys: own, tags }), own, tags);
        }),
      );
      return { result: undefined, stamps };
    });
  }

  async set(key: string, value: unknown, { ttlMs, tags = [] }: SetOptions): Promise<WriteResult<void>> {
    checkNames('key', [key], 1);
    checkNames('tag', tags, VALUE_TAGS);
    const { settings } = this.#engine;
    const life = ttlMs ?? settings.l2TtlMs;
    if (!Number.isInteger(life) || life < 1 || life > settings.l2TtlMs) {
      throw new CacheError('E_CACHE_LIMIT', `ttlMs must be a whole number from 1 to ${settings.l2TtlMs}`);
    }
    const { payload } = encode(key, { value, tags });
    if (payload.length > PAYLOAD_LENGTH) {
      throw new CacheError(
        'E_CACHE_LIMIT',
        `the value of ${key} has ${payload.length} characters, not ${PAYLOAD_LENGTH}`,
      );
    }
    return this.#counted(async () => {
      const unit = this.#engine.unitOf(key);
      const stamp = await this.#done(unit, () => unit.requests.set(key, life, tags, payload), [key], []);
      return { result: undefined, stamps: [stamp] };
    });
  }

  /** Gives UNMARKs that are still being repeated a last chance, then lets go of them. */
  async close(patienceMs: number): Promise<void> {
    const patience = Promise.withResolvers<void>();
    const cancel = this.#engine.time.after(patienceMs, patience.resolve);
    await Promise.race([Promise.allSettled(this.#repeating), patience.promise]);
    cancel();
    this.#closed = true;
  }

  async #counted<T>(work: () => Promise<T>): Promise<T> {
    const { counters } = this.#engine;
    if (this.#inFlight + this.#repeating.size >= WRITES) {
      counters.shed++;
      throw new CacheError('E_CACHE_OVERLOADED', `${WRITES} writes are in flight: try again in a moment`);
    }
    this.#inFlight++;
    try {
      const result = await work();
      counters.writes++;
      return result;
    } catch (error) {
      if (error instanceof CacheError && error.code === 'E_CACHE_OUTCOME_UNKNOWN') counters.writesUnknown++;
      else counters.writeFailures++;
      throw error;
    } finally {
      this.#inFlight--;
    }
  }

  /** Each key once: for a second one UNMARK would find the mark gone, and invalidate needlessly. */
  #byUnit(named: readonly string[]): Map<Unit, readonly string[]> {
    const keys = named.length < 2 ? named : [...new Set(named)];
    if (this.#engine.units.length === 1) return new Map([[this.#engine.units[0] as Unit, keys]]);
    return Map.groupBy(keys, (key) => this.#engine.unitOf(key));
  }

  #parts(keys: readonly string[]): WritePart[] {
    return [...this.#byUnit(keys)].map(([unit, own]) => new WritePart(this.#engine, unit, own, []));
  }

  /** Tags live in every partition, and are invalidated there after the commit [M2]. */
  #spread(parts: WritePart[], tags: ReadonlySet<string>): void {
    if (tags.size === 0) return;
    const { units } = this.#engine;
    for (const unit of units) {
      if (!parts.some((part) => part.unit === unit)) parts.push(new WritePart(this.#engine, unit, [], []));
    }
    for (const part of parts) part.write.tag([...tags]);
  }

  /** All or none: nothing is committed unless every partition has been told. */
  async #mark(parts: readonly WritePart[]): Promise<void> {
    const refusals = await Promise.all(parts.map((part) => part.mark()));
    const refused = refusals.find((error) => error !== undefined);
    if (refused === undefined) return;
    await Promise.all(parts.filter((_, at) => refusals[at] === undefined).map((part) => part.abort(refused)));
    throw unreachableError(refused);
  }

  async #commit<T>(
    parts: WritePart[],
    tags: Set<string>,
    committed: { transaction: string | null },
    commit: Commit<T>,
  ): Promise<T> {
    try {
      return await commit(this.#window(parts, tags, committed));
    } catch (error) {
      if (error instanceof CommitAborted) {
        await Promise.all(parts.map((part) => part.abort(error)));
        throw error;
      }
      // Nobody knows whether it was committed; by the mark's deadline it is or never will be (A5). Until then the marks
      // keep every reader from storing either value, and after it an UNMARK invalidates keys and tags.
      this.#spread(parts, tags);
      const deadline = Math.max(...parts.map((part) => part.write.deadline));
      this.#inBackground(parts, Math.max(0, deadline - this.#engine.time.now()));
      throw new CacheError('E_CACHE_OUTCOME_UNKNOWN', 'the origin did not say whether it committed: ask it again', {
        cause: error,
      });
    }
  }

  #window(parts: readonly WritePart[], tags: Set<string>, committed: { transaction: string | null }): CommitWindow {
    const { time, settings } = this.#engine;
    return {
      limitMs: settings.commitLimitMs,
      opened: () => {
        const now = time.now();
        if (!parts.every(({ write }) => write.covers(now))) throw new WindowClosed(settings.commitLimitMs);
      },
      transaction: (id) => {
        committed.transaction = id;
      },
      tag: (...more) => {
        checkMutation({ keys: [], tags: [...tags, ...more] });
        for (const tag of more) tags.add(tag);
      },
    };
  }

  /** One answer for all partitions. Repeats what was not answered for a while; after that the repeating goes on alone. */
  async #acknowledge(parts: WritePart[]): Promise<Stamp[]> {
    const { time, settings } = this.#engine;
    const all = async () => (await Promise.all(parts.map((part) => part.unmark()))).every(Boolean);
    if (await all()) return parts.map((part) => part.stamp as Stamp);
    if (settings.onUnreachable === 'outbox') return this.#leaveToOutbox(parts);
    const until = time.now() + settings.stalenessMs;
    for (let wait = REPEAT_MS; time.now() < until; wait = Math.min(2 * wait, REPEAT_MOST_MS)) {
      await sleep(time, wait);
      if (await all()) return parts.map((part) => part.stamp as Stamp);
    }
    this.#inBackground(parts, 0);
    throw new CacheError(
      'E_CACHE_OUTCOME_UNKNOWN',
      'the write was committed, but its invalidation has not been confirmed: repeat it with the same idempotency key',
    );
  }

  /** The relay will find its rows; until then the write has no place in any history. */
  #leaveToOutbox(parts: WritePart[]): Stamp[] {
    this.#inBackground(parts, 0);
    return parts.map(({ stamp, unit }) => stamp ?? { partition: unit.partition.index, epoch: null, clock: 0 });
  }

  /** At the clock that UNMARK answered: repair would bless what a lost UNMARK had covered, were it MARK's [C5, C6]. */
  #ownDone(transaction: string, keys: readonly string[], tags: readonly string[], parts: readonly WritePart[]): void {
    for (const { stamp } of parts) {
      if (stamp?.epoch == null) continue;
      const { partition, epoch, clock } = stamp;
      this.#engine.ownMarks?.add({ transaction, keys, tags, partition, epoch, clock });
    }
  }

  #inBackground(parts: readonly WritePart[], delayMs: number): void {
    const work = this.#repeat(parts, delayMs).finally(() => this.#repeating.delete(work));
    this.#repeating.add(work);
  }

  async #repeat(parts: readonly WritePart[], delayMs: number): Promise<void> {
    const { time, settings } = this.#engine;
    await sleep(time, delayMs);
    for (let wait = REPEAT_MS; !this.#closed; wait = Math.min(2 * wait, REPEAT_MOST_MS)) {
      const confirmed = await Promise.all(parts.map((part) => part.unmark()));
      if (confirmed.every(Boolean)) return;
      await sleep(time, wait);
    }
    const keys = parts.flatMap((part) => part.keys).join(', ');
    const error = new Error(`the invalidation of ${keys} was not confirmed before the end`);
    publish('error', () => ({ cache: settings.name, what: 'unmark', error }));
  }

  /** INVALIDATE or SET, begun anew where the epoch has changed. */
  async #done(
    { partition }: Unit,
    ask: () => Promise<Answer<DoneReply | SetReply>>,
    keys: readonly string[],
    tags: readonly string[],
  ): Promise<Stamp> {
    for (let attempt = 0; attempt <= RESTARTS; attempt++) {
      const { sent, reply } = await ask();
      if (reply.is === 'ok') {
        partition.wrote(sent, { clock: reply.clock, keys, tags, at: 0 });
        return { partition: partition.index, epoch: sent.epoch, clock: reply.clock };
      }
      if (reply.is === 'mark') {
        throw new CacheError('E_CACHE_MARKED', `a mutation of ${keys.join(', ')} is under way: set it afterwards`);
      }
      if (reply.is === 'unreachable') throw unconfirmedError((reply as Unreachable).error);
      if (reply.is === 'epoch') partition.offered(sent, reply);
    }
    throw unconfirmedError(new Error('the epoch keeps changing'));
  }
}

function unreachableError(cause: Error): CacheError {
  const message = `nothing was committed, as the cache could not be told first: ${cause.message}`;
  return new CacheError('E_CACHE_UNREACHABLE', message, { cause });
}

/** Of what is committed elsewhere or has no commit: "nothing was committed" would be wrong. */
function unconfirmedError(cause: Error): CacheError {
  const message = `the invalidation has not been confirmed, repeat it: ${cause.message}`;
  return new CacheError('E_CACHE_UNREACHABLE', message, { cause });
}
