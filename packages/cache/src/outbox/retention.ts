import { livesOf } from '../lives.ts';
import { type CacheOptions, checkOptions, type Settings } from '../options.ts';
import { publish } from '../telemetry.ts';
import { REAL_TIME, sleep, type Time } from '../time.ts';
import type { Outbox, OutboxRound } from './outbox.ts';

/**
 * How long a row of the outbox stays after it was last marked: the sum S + Q + longest lease + longest life in L2. By then
 * no copy is left that was loaded before its change was committed, in whatever history it survived [C7].
 */
export function retentionMs(settings: Settings): number {
  return livesOf(settings).tokenMs + settings.loadLimitMs + settings.l2TtlMs;
}

/** Rows that one statement removes; some 20 ms. */
export const PURGE_ROWS = 500;
/** How often old rows are looked for, ms. */
export const PURGE_MS = 5_000;

/** Where rows are marked as seen: no partition of a cache, and no epoch of one. */
const SEEN_PARTITION = 32_767;
const SEEN = { epoch: 'seen', preceding: null, replay: false };
/** Rows that one round marks. */
const SEEN_ROWS = 2_000;
/** The longest that a round may take, ms. */
const ROUND_MS = 2_000;
/** How long the end waits for what is under way, ms. */
const STOP_MS = 500;

/**
 * Keeps the outbox short where no relay does: rows are marked as seen, and removed when that is long enough ago. Nothing is
 * invalidated.
 *
 * It takes nothing from a relay that works on the same outbox, or begins to, as when a cluster goes from one cache to the
 * other and back: what it removes was committed so long ago that no copy from before it is left, so there is nothing that
 * the row could still invalidate. Hence the mark: a row's age says when it was written, and its transaction may have stayed
 * open for hours after that, with readers loading what was before it.
 */
export class Retention {
  readonly #outbox: Outbox;
  readonly #name: string;
  readonly #ageMs: number;
  readonly #time: Time;
  #cancel: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #stopped = false;

  /** The options are those of the caches that share the outbox. Throws `OptionsError`. */
  constructor(outbox: Outbox, options: CacheOptions, time: Time = REAL_TIME) {
    const settings = checkOptions(options);
    this.#outbox = outbox;
    this.#name = settings.name;
    this.#ageMs = retentionMs(settings);
    this.#time = time;
  }

  start(): void {
    if (this.#stopped) return;
    this.#cancel = this.#time.after(PURGE_MS, () => {
      this.#running = this.#turn()
        .catch((error) => publish('error', () => ({ cache: this.#name, what: 'the outbox', error })))
        .then(() => this.start());
    });
  }

  /** Begins nothing more, and waits a little for what is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await Promise.race([this.#running, sleep(this.#time, STOP_MS)]);
  }

  async #turn(): Promise<void> {
    let more = true;
    while (more && !this.#stopped) {
      await this.#outbox.round(ROUND_MS, async (round) => {
        more = await markAsSeen(round);
      });
    }
    const purge = { partitions: [SEEN_PARTITION], ageMs: this.#ageMs, limit: PURGE_ROWS };
    while (!this.#stopped && (await this.#outbox.purge(purge)) === PURGE_ROWS);
  }
}

/** True when there are more. */
async function markAsSeen(round: OutboxRound): Promise<boolean> {
  const pending = await round.pending(SEEN_PARTITION, SEEN, SEEN_ROWS);
  if (pending === 'busy') return false;
  const { rows, complete } = pending;
  round.done(SEEN_PARTITION, SEEN.epoch, [{ clock: 0, ids: rows.map(({ id }) => id) }]);
  return !complete;
}
