import { type DestinationStream, type Logger, pino } from 'pino';

/** Lines of one kind in this time, ms; what is left out is counted in the next one. */
const REPEAT_MS = 1_000;
/** Kinds that are told apart. */
const KINDS = 100;
const CAUSES = 4;

/** JSON lines on standard output. Written synchronously: the line before an end is the one that is needed. */
export function createLog(level: string, name: string, destination?: DestinationStream): Logger {
  const options = { level, base: { name }, serializers: { err: describeError } };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/**
 * What of an error is logged: these members and no others. An ioredis error carries the command that failed, which for
 * AUTH is the password; an invalid URL carries itself.
 */
export function describeError(error: unknown, causes = CAUSES): unknown {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack, cause } = error;
  const code = 'code' in error ? String(error.code) : undefined;
  return {
    type: name,
    code,
    message,
    stack,
    ...(cause === undefined || causes === 0 ? {} : { cause: describeError(cause, causes - 1) }),
  };
}

/** Lets a line of one kind pass once a second, so that an outage does not fill the disk. */
export class Throttle {
  readonly #last = new Map<string, { at: number; left: number }>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** How many were left out since the last that passed; undefined when this one is left out as well. */
  pass(kind: string): number | undefined {
    const now = this.#now();
    const last = this.#last.get(kind);
    if (last !== undefined && now - last.at < REPEAT_MS) {
      last.left++;
      return undefined;
    }
    if (last === undefined && this.#last.size >= KINDS) this.#last.clear();
    this.#last.set(kind, { at: now, left: 0 });
    return last?.left ?? 0;
  }
}
