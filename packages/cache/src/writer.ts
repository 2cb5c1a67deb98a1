import type { Commit, CommitWindow, Mutation, WriteResult } from './cache.ts';
import { KEY_LENGTH, MUTATION_KEYS, MUTATION_TAGS, RESTARTS } from './core/limits.ts';
import { Write, type WriteEffect } from './core/write.ts';
import type { Engine } from './engine.ts';
import { CacheError, CommitAborted, WindowClosed } from './errors.ts';
import { publish } from './telemetry.ts';

/** Between two tries of an UNMARK that was not answered, ms; doubled up to the most. */
const REPEAT_MS = 25;
const REPEAT_MOST_MS = 500;
/** Writes in flight, those included whose UNMARK is still being repeated; the next is refused. */
const WRITES = 1_000;

/** Performs writes: drives the `Write` machine, and repeats an UNMARK until it is answered, whoever waits for it. */
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
      const { partition, nonce, markMs, settings } = this.#engine;
      const write = new Write(partition, {
        ...mutation,
        writer: nonce(),
        markMs,
        commitLimitMs: settings.commitLimitMs,
      });
      let effect = await this.#mark(write, mutation);
      if (effect.do === 'refuse') throw unreachableError(effect.error);
      if (effect.do === 'unmark') {
        effect = await this.#unmark(write, mutation, effect.tags);
        throw unreachableError('error' in effect ? effect.error : undefined);
      }
      const result = await this.#commit(write, mutation, commit);
      effect = await this.#unmark(write, mutation, write.tags);
      if (effect.do !== 'acknowledge') effect = await this.#repeatFor(write, mutation, settings.stalenessMs);
      return { result, stamps: effect.do === 'acknowledge' ? [effect.stamp] : [] };
    });
  }

  async invalidate(mutation: Mutation): Promise<WriteResult<void>> {
    checkMutation(mutation);
    return this.#counted(async () => {
      const { commands, partition } = this.#engine;
      for (let attempt = 0; attempt <= RESTARTS; attempt++) {
        const { sent, reply } = await commands.invalidate(mutation);
        if (reply.is === 'ok') {
          partition.wrote(sent, { clock: reply.clock, keys: mutation.keys, tags: mutation.tags ?? [], at: 0 });
          return { result: undefined, stamps: [{ partition: partition.index, epoch: sent.epoch, clock: reply.clock }] };
        }
        if (reply.is === 'unreachable') throw unconfirmedError(reply.error);
        if (reply.is === 'epoch') partition.offered(sent, reply);
      }
      throw unconfirmedError(new Error('the epoch keeps changing'));
    });
  }

  /** Gives UNMARKs that are still being repeated a last chance, then lets go of them. */
  async close(patienceMs: number): Promise<void> {
    const patience = Promise.withResolvers<void>();
    const timer = setTimeout(patience.resolve, patienceMs);
    await Promise.race([Promise.allSettled(this.#repeating), patience.promise]);
    clearTimeout(timer);
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

  async #mark(write: Write, mutation: Mutation): Promise<WriteEffect> {
    const { commands, now } = this.#engine;
    let effect = write.start();
    while (effect.do === 'mark') {
      const { sent, reply } = await commands.mark(mutation.keys, write.writer, effect.durationMs);
      effect = write.marked(sent, reply, now());
    }
    return effect;
  }

  async #commit<T>(write: Write, mutation: Mutation, commit: Commit<T>): Promise<T> {
    try {
      return await commit(this.#window(write));
    } catch (error) {
      if (error instanceof CommitAborted) {
        await this.#unmark(write, mutation, [], error);
        throw error;
      }
      // Nobody knows whether it was committed; by the mark's deadline it is or never will be (A5). Until then the marks
      // keep every reader from storing either value, and after it an UNMARK invalidates keys and tags.
      this.#inBackground(write, mutation, Math.max(0, write.deadline - this.#engine.now()));
      throw new CacheError('E_CACHE_OUTCOME_UNKNOWN', 'the origin did not say whether it committed: ask it again', {
        cause: error,
      });
    }
  }

  #window(write: Write): CommitWindow {
    const { now, settings } = this.#engine;
    return {
      limitMs: settings.commitLimitMs,
      opened: () => {
        if (!write.covers(now())) {
          throw new WindowClosed(settings.commitLimitMs);
        }
      },
      tag: (...tags) => {
        checkMutation({ keys: [], tags: [...write.tags, ...tags] });
        write.tag(tags);
      },
    };
  }

  async #unmark(write: Write, mutation: Mutation, tags: readonly string[], aborted?: Error): Promise<WriteEffect> {
    const { commands } = this.#engine;
    let effect: WriteEffect = aborted === undefined ? { do: 'unmark', tags } : write.aborted(aborted);
    while (effect.do === 'unmark') {
      const { sent, reply } = await commands.unmark(mutation.keys, write.writer, effect.tags);
      effect = write.unmarked(sent, reply);
    }
    return effect;
  }

  /** Repeats UNMARK for a while; then the answer is "unknown", and the repeating goes on without anybody waiting. */
  async #repeatFor(write: Write, mutation: Mutation, patienceMs: number): Promise<WriteEffect> {
    const until = this.#engine.now() + patienceMs;
    for (let wait = REPEAT_MS; this.#engine.now() < until; wait = Math.min(2 * wait, REPEAT_MOST_MS)) {
      await sleep(wait);
      const effect = await this.#unmark(write, mutation, write.tags);
      if (effect.do === 'acknowledge') return effect;
    }
    this.#inBackground(write, mutation, 0);
    throw new CacheError(
      'E_CACHE_OUTCOME_UNKNOWN',
      'the write was committed, but its invalidation has not been confirmed: repeat it with the same idempotency key',
    );
  }

  #inBackground(write: Write, mutation: Mutation, delayMs: number): void {
    const work = this.#repeat(write, mutation, delayMs).finally(() => this.#repeating.delete(work));
    this.#repeating.add(work);
  }

  async #repeat(write: Write, mutation: Mutation, delayMs: number): Promise<void> {
    await sleep(delayMs);
    for (let wait = REPEAT_MS; !this.#closed; wait = Math.min(2 * wait, REPEAT_MOST_MS)) {
      const effect = await this.#unmark(write, mutation, write.tags);
      if (effect.do === 'acknowledge') return;
      await sleep(wait);
    }
    const { settings } = this.#engine;
    const error = new Error(`the invalidation of ${mutation.keys.join(', ')} was not confirmed before the end`);
    publish('error', () => ({ cache: settings.name, what: 'unmark', error }));
  }
}

function unreachableError(cause: unknown): CacheError {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return new CacheError('E_CACHE_UNREACHABLE', `nothing was committed, as the cache could not be told first${why}`, {
    cause,
  });
}

/** Of `invalidate`, whose change was committed elsewhere: "nothing was committed" would be wrong. */
function unconfirmedError(cause: Error): CacheError {
  const message = `the invalidation has not been confirmed, repeat it: ${cause.message}`;
  return new CacheError('E_CACHE_UNREACHABLE', message, { cause });
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

function checkMutation({ keys, tags = [] }: Mutation): void {
  checkNames('key', keys, MUTATION_KEYS);
  checkNames('tag', tags, MUTATION_TAGS);
}

function checkNames(what: string, names: readonly string[], most: number): void {
  if (names.length > most) {
    throw new CacheError('E_CACHE_LIMIT', `a mutation has ${names.length} ${what}s, at most ${most} are allowed`);
  }
  for (const name of names) checkName(what, name);
}

/** Keys and tags: any text of 1 to 256 units; without halves of surrogate pairs, which are all one key in UTF-8. */
export function checkName(what: string, name: string): void {
  if (typeof name !== 'string' || name.length === 0 || name.length > KEY_LENGTH || !name.isWellFormed()) {
    throw new CacheError('E_CACHE_LIMIT', `a ${what} is well-formed text of 1 to ${KEY_LENGTH} characters`);
  }
}
