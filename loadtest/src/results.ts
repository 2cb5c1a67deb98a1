import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scenario } from './arguments.ts';

/** Runs whose files are kept. */
const RUNS_KEPT = 40;
const TIME_LENGTH = 'yyyy-mm-ddThh-mm-ss.mmmZ'.length;

/** The files of one run, named after its time and scenario: the result, the notes it was judged by, k6's figures. */
export class Results {
  readonly result: string;
  readonly notes: string;
  readonly figures: string;

  constructor(folder: string, scenario: Scenario, at: Date) {
    mkdirSync(folder, { recursive: true });
    removeOldest(folder);
    const base = join(folder, `${at.toISOString().replaceAll(':', '-')}-${scenario}`);
    this.result = `${base}.json`;
    this.notes = `${base}.ndjson`;
    this.figures = `${base}.figures.json`;
  }

  /** What k6 has written; null when it wrote nothing. */
  read(file: 'notes' | 'figures'): string | null {
    try {
      return readFileSync(this[file], 'utf8');
    } catch {
      return null;
    }
  }

  /** Writes the result; the figures are in it, and the notes are kept only where they were judged. */
  finish(result: unknown, keepNotes: boolean): void {
    writeFileSync(this.result, `${JSON.stringify(result, null, 2)}\n`);
    this.discard(keepNotes ? ['figures'] : ['figures', 'notes']);
  }

  discard(files: readonly ('notes' | 'figures')[] = ['figures', 'notes']): void {
    for (const file of files) rmSync(this[file], { force: true });
  }
}

/** Names begin with their time, so their order is that of the runs. */
function removeOldest(folder: string): void {
  const names = readdirSync(folder).filter((name) => /^\d{4}-\d\d-\d\dT/.test(name));
  const runs = [...new Set(names.map((name) => name.slice(0, TIME_LENGTH)))].sort();
  const old = new Set(runs.slice(0, Math.max(0, runs.length - RUNS_KEPT + 1)));
  for (const name of names) if (old.has(name.slice(0, TIME_LENGTH))) rmSync(join(folder, name), { force: true });
}
