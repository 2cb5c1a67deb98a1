/**
 * Every error of the cache has a stable `code`: what happened, what was expected and what to do stand in its message.
 */
export type CacheErrorCode =
  /** Options do not fit: `problems` lists all of them. */
  | 'E_CACHE_OPTIONS'
  /** A key, tag or value is over a limit or malformed. */
  | 'E_CACHE_LIMIT'
  /** Redis could not be reached: a write was refused before anything was committed. */
  | 'E_CACHE_UNREACHABLE'
  /** Nothing in the tiers is proved, and the cache does not ask the origin then (`onUnproven: 'error'`). */
  | 'E_CACHE_UNPROVEN'
  /** A `mutate` of the key is under way: `set` cannot write it now. */
  | 'E_CACHE_MARKED'
  /** Too many loads wait already: shed before any work. */
  | 'E_CACHE_OVERLOADED'
  /** The loader did not finish within the load limit. */
  | 'E_CACHE_LOAD_TIMEOUT'
  /** A write may have been committed, and its invalidation has not been confirmed. */
  | 'E_CACHE_OUTCOME_UNKNOWN'
  /** The origin has certainly not committed. */
  | 'E_CACHE_COMMIT_ABORTED'
  /** The cache was closed. */
  | 'E_CACHE_CLOSED';

export class CacheError extends Error {
  readonly code: CacheErrorCode;

  constructor(code: CacheErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'CacheError';
    this.code = code;
  }
}

/** Thrown by a commit function to say: nothing was committed, and nothing will be. */
export class CommitAborted extends CacheError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('E_CACHE_COMMIT_ABORTED', message, options);
    this.name = 'CommitAborted';
  }
}

/**
 * Thrown by `CommitWindow.opened`: what is left of the write mark no longer covers the commit, as it took so long to begin
 * one. Nothing was committed, so the whole write may be tried again, under a mark of its own.
 */
export class WindowClosed extends CommitAborted {
  constructor(limitMs: number) {
    super(`less than ${limitMs} ms are left of the write mark: try again`);
    this.name = 'WindowClosed';
  }
}

/** All problems of a configuration at once, one line each. */
export class OptionsError extends CacheError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      'E_CACHE_OPTIONS',
      `the cache cannot start with these options:\n${problems.map((p) => `  - ${p}`).join('\n')}`,
    );
    this.name = 'OptionsError';
    this.problems = problems;
  }
}
