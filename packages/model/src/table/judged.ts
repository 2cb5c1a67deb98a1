import { type Found, type Limits, search, type Trace } from '../engine/search.ts';
import { walk } from '../engine/walk.ts';
import type { Scope } from '../world/scope.ts';
import { worldOf } from '../world/world.ts';
import { ABLATIONS } from './ablations.ts';
import { ROWS } from './rows.ts';
import { numbered } from './traces.ts';

/** A row or an ablation: a scope, and what must come out of it. */
export interface Claim {
  readonly name: string;
  readonly scope: Scope;
  readonly expected: 'safe' | 'unsafe';
  /** Steps that are looked at; of an ablation, within which it must show. */
  readonly within: number;
}

/** Rows end by themselves, or by the limits of the search. */
const EVER = 1_000;

export const CLAIMS: readonly Claim[] = [
  ...ROWS.map(({ name, scope, notPromised }) => ({
    name,
    scope,
    expected: notPromised === undefined ? ('safe' as const) : ('unsafe' as const),
    within: EVER,
  })),
  ...ABLATIONS.map(({ without, scope, within }) => ({
    name: `without ${without}`,
    scope,
    expected: 'unsafe' as const,
    within,
  })),
];

/** What became of a claim. */
export interface Judged {
  readonly name: string;
  readonly verdict: Found['verdict'];
  /** `open` contradicts no claim of safety, and proves none. */
  readonly asExpected: boolean;
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly seconds: number;
  readonly trace: Trace | undefined;
  /** A known counterexample was walked again, nothing was searched. */
  readonly walked: boolean;
}

export function judge({ name, scope, expected, within }: Claim, limits: Omit<Limits, 'depth'>): Judged {
  const from = performance.now();
  const found = search(worldOf(scope), { ...limits, depth: within });
  const seconds = (performance.now() - from) / 1000;
  const { verdict, states, transitions, depth, trace } = found;
  const asExpected = verdict === expected || (verdict === 'open' && expected === 'safe');
  return { name, verdict, asExpected, states, transitions, depth, seconds, trace, walked: false };
}

/** Whether a counterexample that was found once is one still. */
export function judgeAgain({ name, scope }: Claim, trace: Trace): Judged {
  const from = performance.now();
  const { wrong } = walk(worldOf(scope), trace.steps);
  const seconds = (performance.now() - from) / 1000;
  const holds = wrong?.after === trace.steps.length && wrong.what === trace.wrong;
  const depth = trace.steps.length;
  const counts = { states: depth + 1, transitions: depth, depth, seconds, walked: true };
  return { name, verdict: holds ? 'unsafe' : 'open', asExpected: holds, ...counts, trace: holds ? trace : undefined };
}

const WORDS = { safe: 'SAFE', unsafe: 'UNSAFE', open: 'not exhausted' } as const;

/** One line, and the trace of what was found in numbered steps. */
export function wordsOf(judged: Judged): string {
  const { name, verdict, asExpected, states, depth, seconds, trace, walked } = judged;
  const count = states.toLocaleString('en').padStart(11);
  const how = walked ? 'walked again' : `${count} states, depth ${depth}, ${seconds.toFixed(1)} s`;
  const line = `${asExpected ? ' ' : '!'} ${WORDS[verdict].padEnd(13)} ${how}  ${name}`;
  return trace === undefined ? line : `${line}\n${numbered(trace)}`;
}
