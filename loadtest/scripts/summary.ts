import { figuresOf, type SummaryData } from '../lib/figures.ts';
import { planOf } from '../lib/plan.ts';
import { linesOf } from '../lib/words.ts';

/** Instead of k6's own summary: the figures as JSON for the runner, or in words for who runs a script by hand. */
export function summary(data: SummaryData, breaches: readonly string[] = []): Record<string, string> {
  const figures = figuresOf(data, breaches);
  const { figures: file } = planOf(__ENV);
  return file === null ? { stdout: `${linesOf(figures).join('\n')}\n` } : { [file]: JSON.stringify(figures) };
}
