import type { Machine } from './machine.ts';
import type { Row } from './row.ts';
import type { Spread } from './statistics.ts';

const HEAD = ['', 'median', 'min..max of rounds', 'ratio', 'min..max', 'to', 'promised'] as const;

/** The whole run as one table in plain text. */
export function tableOf(machine: Machine, rounds: number, rows: readonly Row[]): string {
  const cells = rows.map((row) => ({ group: row.group, cells: cellsOf(row) }));
  const widths = HEAD.map((title, column) =>
    Math.max(title.length, ...cells.map(({ cells: line }) => line[column]?.length ?? 0)),
  );
  const line = (words: readonly string[]) =>
    words
      .map((word, column) =>
        column === 0 || column >= 5 ? word.padEnd(widths[column] ?? 0) : word.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  const lines = [machineLine(machine, rounds), '', line(HEAD)];
  let group = '';
  for (const { group: own, cells: words } of cells) {
    if (own !== group) lines.push('', own);
    group = own;
    lines.push(line(words));
  }
  return lines.join('\n');
}

function machineLine({ cores, model, platform, node, loadBefore }: Machine, rounds: number): string {
  const noise = loadBefore >= 0.5 ? `; the machine was busy (load ${loadBefore}): do not trust absolute figures` : '';
  return `${cores} cores, ${model}, ${platform}, Node ${node}; ${rounds} rounds, interleaved, medians${noise}`;
}

function cellsOf({ name, unit, value, against, promise }: Row): string[] {
  const ratio = against?.ratio;
  return [
    `  ${name}`,
    `${figure(value.median)} ${unit}`,
    `${figure(value.min)}..${figure(value.max)}`,
    ratio === undefined ? '' : figure(ratio.median),
    ratio === undefined ? '' : between(ratio),
    against?.name ?? '',
    promise === null ? '' : `${promise.bound} ${promise.ratio}: ${promise.kept ? 'kept' : 'MISSED'}`,
  ];
}

function between({ min, max }: Spread): string {
  return `${figure(min)}..${figure(max)}`;
}

/** Three digits that count, and thousands apart. */
function figure(value: number): string {
  if (value === 0) return '0';
  const digits = Math.max(0, Math.min(3, 2 - Math.floor(Math.log10(Math.abs(value)))));
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
