/**
 * `npm run model`: explores the protocol state by state, by the code that ships, in the scopes of table/rows.ts, and
 * shows that each rule is needed (table/ablations.ts).
 */
import { UsageError } from '@lockstep/command-line';
import { type Invocation, parseInvocation, USAGE } from './cli/arguments.ts';
import type { Trace } from './engine/search.ts';
import { CLAIMS, type Claim, type Judged, judge, judgeAgain, wordsOf } from './table/judged.ts';
import { keepResults } from './table/results.ts';
import { readTraces, writeTraces } from './table/traces.ts';

const EXIT = { asExpected: 0, otherwise: 1, usage: 2 } as const;

function main(argv: readonly string[]): number {
  let invocation: Invocation;
  try {
    invocation = parseInvocation(argv);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(error.told('model', USAGE));
    return EXIT.usage;
  }
  if (invocation.help) process.stdout.write(USAGE);
  else if (invocation.list) for (const { name } of invocation.claims) console.log(name);
  else return explore(invocation) ? EXIT.asExpected : EXIT.otherwise;
  return EXIT.asExpected;
}

/** True if all is as it should be. */
function explore(invocation: Invocation): boolean {
  const { claims, before, keep, json } = invocation;
  const judged = before === null ? judgedNow(invocation) : before.filter(({ name }) => isOneOf(claims, name));
  if (keep) {
    keepTraces(judged);
    keepResults(judged);
  }
  if (!json) console.log(summaryOf(judged));
  return judged.every(({ asExpected }) => asExpected);
}

function isOneOf(claims: readonly Claim[], name: string): boolean {
  return claims.some((claim) => claim.name === name);
}

function judgedNow({ claims, quick, states, minutes, json }: Invocation): Judged[] {
  const known: ReadonlyMap<string, Trace> = quick ? readTraces() : new Map();
  return claims.map((claim) => {
    const until = performance.now() + minutes * 60_000;
    const searched = judge(claim, { states, enough: () => performance.now() > until });
    const trace = searched.verdict === 'open' ? known.get(claim.name) : undefined;
    const one = trace === undefined ? searched : judgeAgain(claim, trace);
    console.log(json ? JSON.stringify(one) : wordsOf(one));
    return one;
  });
}

/** In the order of the table, whatever was looked at this time. */
function keepTraces(judged: readonly Judged[]): void {
  const traces = new Map(readTraces());
  for (const { name, trace } of judged) if (trace !== undefined) traces.set(name, trace);
  // One against what is promised is no regression to be walked again: it is to be mended.
  const ordered = CLAIMS.flatMap(({ name, expected }) => {
    const trace = traces.get(name);
    return trace === undefined || expected === 'safe' ? [] : [[name, trace] as const];
  });
  writeTraces(new Map(ordered));
}

function summaryOf(judged: readonly Judged[]): string {
  const counted = (verdict: Judged['verdict']) => judged.filter((one) => one.verdict === verdict).length;
  const states = judged.reduce((sum, one) => sum + one.states, 0).toLocaleString('en');
  const wrong = judged.filter(({ asExpected }) => !asExpected).length;
  const verdicts = `${counted('safe')} safe, ${counted('open')} not exhausted, ${counted('unsafe')} with a counterexample`;
  return `${verdicts}; ${states} states; ${wrong} not as expected`;
}

process.exitCode = main(process.argv.slice(2));
