import { readFileSync } from 'node:fs';
import type { Judged } from './judged.ts';

/** What a run with `--json` has printed, an object a line; throws at a line that is none. */
export function readJudged(file: string): Judged[] {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return lines.map((line, index) => {
    const judged = parsed(line);
    if (judged !== null) return judged;
    throw new Error(`line ${index + 1} of ${file} is no verdict`);
  });
}

function parsed(line: string): Judged | null {
  try {
    const judged = JSON.parse(line) as Partial<Judged> | null;
    return typeof judged?.name === 'string' && typeof judged.verdict === 'string' ? (judged as Judged) : null;
  } catch {
    return null;
  }
}
