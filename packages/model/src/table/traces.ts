import { readFileSync, writeFileSync } from 'node:fs';
import type { Trace } from '../engine/search.ts';

/**
 * The counterexamples that a search has found, in numbered steps, each under the name of its row or ablation: found once,
 * and walked again by whoever has no minutes to search. `npm run model -- --keep` writes them anew.
 */
const FILE = new URL('./traces.txt', import.meta.url);

export function readTraces(): ReadonlyMap<string, Trace> {
  const traces = new Map<string, Trace>();
  for (const part of readFileSync(FILE, 'utf8').split('\n\n')) {
    const [name, ...lines] = part.trim().split('\n');
    const wrong = lines.pop()?.replace(/^ *=> /, '');
    if (name && wrong) traces.set(name, { steps: lines.map((line) => line.replace(/^ *\d+\. /, '')), wrong });
  }
  return traces;
}

export function writeTraces(traces: ReadonlyMap<string, Trace>): void {
  const parts = [...traces].map(([name, trace]) => `${name}\n${numbered(trace)}\n`);
  writeFileSync(FILE, parts.join('\n'));
}

/** As a reader gets them. */
export function numbered({ steps, wrong }: Trace): string {
  return [...steps.map((step, at) => `${`${at + 1}`.padStart(6)}. ${step}`), `    => ${wrong}`].join('\n');
}
