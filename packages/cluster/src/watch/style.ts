/** Text for a terminal: what a piece of it means, and its width. Nothing is said by colour alone. */
export type Tone = 'good' | 'warn' | 'bad' | 'dim' | 'strong';

const CODES: Readonly<Record<Tone, number>> = { good: 32, warn: 33, bad: 31, dim: 2, strong: 1 };

export type Paint = (text: string, tone: Tone | undefined) => string;

export function painter(coloured: boolean): Paint {
  return (text, tone) => (coloured && tone !== undefined ? `\u001b[${CODES[tone]}m${text}\u001b[0m` : text);
}

/** Cut, or filled with spaces, to this many columns; everything shown is one column wide. */
export function fit(text: string, width: number, side: 'left' | 'right' = 'left'): string {
  if (text.length > width) return `${text.slice(0, Math.max(0, width - 1))}${width > 0 ? '~' : ''}`;
  return side === 'left' ? text.padEnd(width) : text.padStart(width);
}

/** A number in at most five characters: 0.4, 12, 980, 1.2k, 34k, 5.6M. */
export function short(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '-';
  for (const [unit, letter] of [
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    if (value >= unit * 0.9995)
      return `${value < 9.95 * unit ? (value / unit).toFixed(1) : Math.round(value / unit)}${letter}`;
  }
  return value > 0 && value < 9.95 ? value.toFixed(1) : String(Math.round(value));
}

/** A part of 1 as whole percent; neither all nor nothing is said of what is only nearly that. */
export function percent(part: number | null | undefined): string {
  if (part === null || part === undefined) return '-';
  if (part > 0 && part < 0.005) return '<1%';
  if (part < 1 && part >= 0.995) return '>99%';
  return `${Math.round(part * 100)}%`;
}

export function timeOf(at: number): string {
  return new Date(at).toTimeString().slice(0, 8);
}
