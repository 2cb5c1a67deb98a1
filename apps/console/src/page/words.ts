/**
 * How numbers are written on the page: always the same few characters for the same size, so that a column of them can be
 * read down, and nothing jumps while they change. No part formats on its own.
 */

const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** What stands where there is nothing to say. */
export const NOTHING = '–';

/** 48,211 */
export function whole(value: number | null): string {
  return value === null ? NOTHING : WHOLE.format(value);
}

/** 950 · 12.4k · 3.1M: at most five characters, for where room is short. */
export function short(value: number | null): string {
  if (value === null) return NOTHING;
  if (value < 10_000) return WHOLE.format(value);
  if (value < 1_000_000) return `${(value / 1000).toFixed(value < 100_000 ? 1 : 0)}k`;
  return `${(value / 1_000_000).toFixed(1)}M`;
}

/** A length of time of `ms`: 0.4 ms · 31 ms · 1.24 s · 48 s · 3 min. */
export function span(ms: number | null): string {
  if (ms === null) return NOTHING;
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(2)} s`;
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`;
  return `${Math.round(ms / 60_000)} min`;
}

/** As `span`, with one digit less: 1.2 s. */
export function brief(ms: number | null): string {
  return ms !== null && ms >= 1000 && ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : span(ms);
}

/** A number of ms without its unit, where the heading has it: 0.4 · 31 · 1,240. */
export function millis(ms: number | null): string {
  if (ms === null) return NOTHING;
  return ms < 10 ? ms.toFixed(1) : WHOLE.format(ms);
}

/** Whole seconds that are left, never below 0: a countdown says "0 s" until what it counts to has happened. */
export function left(ms: number): string {
  return `${Math.max(0, Math.ceil(ms / 1000))} s`;
}

/** How long ago: now · 1.2 s · 12 s · 3 min. */
export function ago(ms: number): string {
  return ms < 100 ? 'now' : brief(Math.max(0, ms));
}

/** 97 %; a share that is not nothing is never written as 0, and one that is not all never as 100. */
export function percent(share: number | null): string {
  if (share === null) return NOTHING;
  const rounded = Math.round(share * 100);
  if (rounded === 0 && share > 0) return '<1 %';
  if (rounded === 100 && share < 1) return '>99 %';
  return `${rounded} %`;
}

/** 12:03:41.207, in the reader's own zone. */
export function clockTime(at: number): string {
  const date = new Date(at);
  const two = (n: number) => String(n).padStart(2, '0');
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${time}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

/** 12.34 */
export function price(cents: number): string {
  return `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
}

/** The cents of "12.34" or "12"; null when it is no price. */
export function cents(text: string): number | null {
  const match = /^\s*(\d{1,7})(?:[.,](\d{1,2}))?\s*$/.exec(text);
  if (match === null) return null;
  return Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'));
}

/** "1 reader", "3 readers". */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${whole(n)} ${n === 1 ? one : many}`;
}
