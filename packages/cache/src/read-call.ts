import type { Level, ReadOptions } from './cache.ts';
import type { Settings } from './options.ts';

/** One read as it is performed: what its caller asked for, within what this cache can give. */
export interface ReadCall {
  readonly level: Level;
  readonly boundMs: number;
  readonly bypass: boolean;
}

/** `session` is served as strong until tokens are honoured by the tiers. */
export function callOf(settings: Settings, options: ReadOptions): ReadCall {
  const level: Level = options.level ?? (options.token === undefined ? 'bounded' : 'session');
  return {
    level: level === 'session' ? 'strong' : level,
    boundMs: Math.min(settings.stalenessMs, options.maxStalenessMs ?? settings.stalenessMs),
    bypass: options.bypass ?? false,
  };
}
