import { count, linesOf, namedCounts, row } from '../lib/words.ts';
import type { Result } from './run.ts';

/** Violations that are put before people; the JSON has more. */
const VIOLATIONS_SHOWN = 3;

/** A result for people, a screen at most. */
export function describeResult(result: Result): string {
  const { scenario, held, reasons, figures, scaling, judged, file } = result;
  const violations = judged?.verdict.violations.slice(0, VIOLATIONS_SHOWN) ?? [];
  return [
    ...linesOf(figures),
    ...(scaling ?? []).map((step) => row(`to ${step.replicas}`, scaledWords(step))),
    ...(judged === null
      ? []
      : [
          row('by the judge', namedCounts(judged.counts)),
          row('history', `${judged.verdict.summary}; ${count(judged.verdict.writes)} writes`),
        ]),
    ...violations.map(({ text }) => row('', text)),
    row('written to', file),
    held ? `${scenario}: holds` : `${scenario}: FAILED`,
    ...reasons.map((reason) => `  ${reason}`),
  ].join('\n');
}

function scaledWords({ tookMs, firstAnswersMs }: NonNullable<Result['scaling']>[number]): string {
  const first = Object.entries(firstAnswersMs).sort(([a], [b]) => (a < b ? -1 : 1));
  const answers = first.map(([name, after]) => `${name} after ${seconds(after)}`).join(', ');
  return `done after ${seconds(tookMs)}${answers === '' ? '' : `; first answers: ${answers}`}`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
