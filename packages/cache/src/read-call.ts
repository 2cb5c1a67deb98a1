import type { Level, OnUnproven, ReadOptions } from './cache.ts';
import type { Settings } from './options.ts';

/** One read as it is performed: what its caller asked for, within what this cache can give. */
export interface ReadCall {
  readonly level: Level;
  readonly boundMs: number;
  readonly bypass: boolean;
  readonly onUnproven: OnUnproven;
  /** The client's token; level `session` only. */
  readonly token: string | undefined;
  /** Whether L1 may answer: strong readers must see what is acknowledged and not applied here, unless writes wait for that. */
  readonly fromL1: boolean;
}

const NOTHING: ReadOptions = {};

/** What callers ask for, as reads. Nearly all ask for nothing in particular, and share one. */
export class ReadCalls {
  readonly #settings: Settings;
  readonly #plain: ReadCall;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#plain = this.#made({});
  }

  of(options: ReadOptions = NOTHING): ReadCall {
    const { level, token, maxStalenessMs, onUnproven, bypass } = options;
    const plain = maxStalenessMs === undefined && onUnproven === undefined && bypass === undefined;
    if (plain && (level === 'bounded' || (level === undefined && token === undefined))) return this.#plain;
    return this.#made(options);
  }

  /** Strong reads ask more of Redis than one can give that accepts writes for a while after it was deposed (D > 0). */
  #made(options: ReadOptions): ReadCall {
    const { stalenessMs, failoverMs, writes, onUnproven } = this.#settings;
    const level: Level = options.level ?? (options.token === undefined ? 'bounded' : 'session');
    const bypass = options.bypass === true || (level === 'strong' && failoverMs > 0);
    return {
      level,
      boundMs: Math.min(stalenessMs, options.maxStalenessMs ?? stalenessMs),
      bypass,
      onUnproven: options.onUnproven ?? onUnproven,
      token: level === 'session' ? options.token : undefined,
      fromL1: !bypass && (level !== 'strong' || writes === 'linearizable'),
    };
  }
}
