import { join, relative } from 'node:path';
import type { Figures } from '../lib/figures.ts';
import { type Notes, parseNotes } from '../lib/notes.ts';
import type { Scenario } from './arguments.ts';
import { LoadtestError } from './errors.ts';
import { type Judgement, judgeNotes } from './judgement.ts';
import type { K6, K6End } from './k6.ts';
import { Results } from './results.ts';
import { firstAnswers, REPLICAS_AT_FIRST, type Scaling, scaleMeanwhile, scalingReasons } from './scaling.ts';
import { CHECKOUT, type Target } from './target.ts';

export interface RunOptions {
  readonly scenario: Scenario;
  readonly target: Target;
  readonly k6: K6;
  readonly durationS: number;
  readonly rate: number;
  /** Told what happens, a line at a time, each after the seconds since the start. */
  readonly say: (line: string) => void;
  /** Ends the run early, which then has failed. */
  readonly signal: AbortSignal;
  /** Where the files go; default `loadtest/results`. Within the checkout, which is all that a container sees. */
  readonly folder?: string;
}

/** What a run has shown: the JSON under results/, field names are a contract with whoever reads it. */
export interface Result {
  readonly scenario: Scenario;
  readonly held: boolean;
  /** Why it has not; empty when it has. */
  readonly reasons: readonly string[];
  readonly at: string;
  readonly url: string;
  readonly protocol: string | null;
  readonly boundMs: number;
  readonly targets: number;
  readonly rate: number;
  readonly k6: string;
  readonly figures: Figures;
  /** Of `scale`. */
  readonly scaling: readonly ScaledTo[] | null;
  /** Of `coherence`, if it was not ended early. */
  readonly judged: Omit<Judgement, 'reasons'> | null;
  /** This result, relative to the checkout. */
  readonly file: string;
}

interface ScaledTo {
  readonly replicas: number;
  readonly tookMs: number;
  /** By replica that came, ms from the order to its first answer. */
  readonly firstAnswersMs: Readonly<Record<string, number>>;
}

/** Of the answers that should not have come, those that are quoted; the rest is counted. */
const QUOTED = 5;
const THRESHOLD_FAILED = 99;

/**
 * Runs one scenario against a running cluster and judges it. A run that shows a fault returns, with its reasons; one
 * that shows nothing, as k6 did not work, throws. `scale` leaves as many replicas as it found.
 */
export async function runScenario(options: RunOptions): Promise<Result> {
  const { scenario, target, k6, durationS, rate } = options;
  const at = new Date();
  const results = new Results(options.folder ?? join(CHECKOUT, 'loadtest/results'), scenario, at);
  const { url, targets, boundMs, protocol } = target;
  const order = {
    scenario,
    plan: { url, targets, boundMs, durationS, rate, run: at.getTime().toString(36) },
    figures: results.figures,
    notes: results.notes,
    signal: options.signal,
  };
  const { end, scaling, ended } = await underLoad(options, () => k6.run(order));
  const text = results.read('figures');
  if (text === null) {
    results.discard();
    throw new LoadtestError('E_LOADTEST_K6', `k6 ended with code ${end.code} and without figures:\n${end.said.trim()}`);
  }
  const figures = JSON.parse(text) as Figures;
  const notes = parseNotes(results.read('notes') ?? '');
  // Who ends k6 early ends requests under way as well, and what came of those nobody has noted: a history with holes
  // would convict the innocent.
  const judgement = scenario === 'coherence' && isWhole(end) ? judgeNotes(notes, boundMs) : null;
  const reasons = [
    ...reasonsOf(end, figures, notes),
    ...(scaling === null ? [] : scalingReasons(scaling, ended, notes.served)),
    ...(judgement?.reasons ?? []),
  ];
  const result: Result = {
    ...{ scenario, held: reasons.length === 0, reasons, at: at.toISOString(), url, protocol, boundMs },
    ...{ targets: targets.length, rate, k6: k6.name, figures },
    scaling: scaling === null ? null : scaledTo(scaling, notes),
    judged: judgement === null ? null : { verdict: judgement.verdict, counts: judgement.counts },
    file: relative(CHECKOUT, results.result),
  };
  results.finish(result, scenario === 'coherence');
  return result;
}

interface Loaded {
  readonly end: K6End;
  readonly scaling: Scaling | null;
  /** When the load ended; ms since 1970. */
  readonly ended: number;
}

async function underLoad(options: RunOptions, load: () => Promise<K6End>): Promise<Loaded> {
  const { scenario, target, durationS, say } = options;
  if (scenario !== 'scale') return { end: await load(), scaling: null, ended: Date.now() };
  const former = await target.replicas();
  const over = new AbortController();
  try {
    if (former !== REPLICAS_AT_FIRST) await target.scale(REPLICAS_AT_FIRST);
    const scaled = scaleMeanwhile(target, durationS, say, over.signal);
    const end = await load().finally(() => over.abort());
    const ended = Date.now();
    return { end, scaling: await scaled, ended };
  } finally {
    // After the load: its last step would not be seen any more.
    await target.scale(former);
  }
}

function reasonsOf(end: K6End, figures: Figures, notes: Notes): string[] {
  const broken = figures.thresholds.filter(({ ok }) => !ok);
  const unexpected = notes.unmet.map(({ what, saw }) => `expected ${what}; saw ${saw}`);
  const failed = notes.failed.map(({ what, saw }) => `failed: ${what}: ${saw}`);
  return [
    ...broken.map(({ name }) => `threshold failed: ${name}`),
    ...quoted(unexpected, 'answers that were not expected'),
    // A failure is a reason only where a threshold says so: `coherence` may meet any.
    ...(broken.length > 0 ? quoted(failed, 'requests that have failed') : []),
    ...(isWhole(end) ? [] : [`k6 did not finish, so nothing is proved; its code is ${end.code}: ${end.said.trim()}`]),
  ];
}

function isWhole({ code }: K6End): boolean {
  return code === 0 || code === THRESHOLD_FAILED;
}

function quoted(texts: readonly string[], what: string): string[] {
  const more = texts.length - QUOTED;
  return [...texts.slice(0, QUOTED), ...(more > 0 ? [`and ${more} more ${what}`] : [])];
}

function scaledTo({ steps }: Scaling, { served }: Notes): ScaledTo[] {
  return steps.map((step) => ({
    replicas: step.replicas,
    tookMs: step.done - step.ordered,
    firstAnswersMs: firstAnswers(step, served),
  }));
}
