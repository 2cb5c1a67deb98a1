import type { BusMessage, Entry } from '../../../src/core/entry.ts';
import { MINUTE_MS } from './steps.ts';

/** Times at or before this one stand for "long ago": a fault put them there. */
export const LONG_AGO_MS = 1;

/**
 * A server's times as whole minutes since the run began, and so comparable with another server's: durations in a run are
 * whole minutes, and none takes half of one.
 */
export class Comparable {
  readonly #start: number;

  constructor(start: number) {
    this.#start = start;
  }

  at(time: number): number | 'long ago' {
    return time <= LONG_AGO_MS ? 'long ago' : whole((time - this.#start) / MINUTE_MS);
  }

  left(ms: number): number {
    return whole(ms / MINUTE_MS);
  }

  /** Of a value, a lease or a mark. */
  text(text: string | null): string | null {
    if (text === null) return null;
    if (text.startsWith('M ')) return text.replace(/:(-?\d+)/g, (_, deadline) => `:${this.at(Number(deadline))}`);
    if (!text.startsWith('V ')) return text;
    return text.replace(/^(V \S+ \d+) (-?\d+) (-?\d+) (\d+)/, (_, head, ...times: string[]) => {
      const [loadedAt, expiresAt] = times.map((time) => this.at(Number(time)));
      return `${head} ${loadedAt} ${expiresAt} ${times[2]}`;
    });
  }

  entry(entry: Entry): object {
    return { ...entry, at: this.at(entry.at) };
  }

  message(message: BusMessage | undefined): unknown {
    return message?.is === 'entry' ? { ...message, entry: this.entry(message.entry) } : message;
  }

  /** Every field that a reply has and that is a time, or carries one, made comparable; the rest as it is. */
  reply(reply: object): object {
    const entries = Object.entries(reply).map(([name, value]): [string, unknown] => {
      if (name === 'now' || name === 'since') return [name, this.at(value)];
      if (name === 'leftMs' || name === 'quarantineMs') return [name, this.left(value)];
      if (name === 'text') return [name, this.text(value)];
      if (name === 'page' && Array.isArray(value)) return [name, value.map((entry: Entry) => this.entry(entry))];
      return [name, name === 'error' ? String(value) : value];
    });
    return Object.fromEntries(entries);
  }
}

/** Without -0, which is not the same as 0 to whoever compares. */
function whole(minutes: number): number {
  return Math.round(minutes) + 0;
}
