/**
 * `npm run model`: explores the protocol state by state, by the code that ships, in the scopes of table/rows.ts, and
 * shows that each rule is needed (table/ablations.ts).
 *
 *   --list           the names of all rows and ablations
 *   --row NAME       only those with NAME in them; may be given several times
 *   --quick          what fits in about a minute: rows that do not end by then say so, and counterexamples that are
 *                    deeper are walked again instead of searched
 *   --max STATES     for each row; default 40 million, some 2 GB
 *   --minutes M      for each row; default 10
 *   --json           one JSON object a line
 *   --from FILE      what an earlier run with --json has found, instead of searching
 *   --keep           writes what was found to RESULTS.md and table/traces.txt
 *
 * Exit code 1 if a row or an ablation is not as it should be.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Trace } from './engine/search.ts';
import { CLAIMS, type Claim, type Judged, judge, judgeAgain, wordsOf } from './table/judged.ts';
import { keepResults } from './table/results.ts';
import { QUICK_STATES } from './table/rows.ts';
import { readTraces, writeTraces } from './table/traces.ts';

const MAX_STATES = 40_000_000;
const MINUTES = 10;

const { values } = parseArgs({
  options: {
    list: { type: 'boolean', default: false },
    row: { type: 'string', multiple: true, default: [] },
    quick: { type: 'boolean', default: false },
    max: { type: 'string' },
    minutes: { type: 'string' },
    json: { type: 'boolean', default: false },
    from: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});

const claims = CLAIMS.filter(({ name }) => values.row.length === 0 || values.row.some((part) => name.includes(part)));

const known = values.quick ? readTraces() : new Map<string, Trace>();

if (values.list) for (const { name } of claims) console.log(name);
else process.exitCode = run() ? 0 : 1;

function run(): boolean {
  const judged = values.from === undefined ? claims.map(judgedNow) : judgedBefore(values.from);
  if (values.keep) {
    keepTraces(judged);
    keepResults(judged);
  }
  if (!values.json) console.log(summaryOf(judged));
  return judged.every(({ asExpected }) => asExpected);
}

function judgedNow(claim: Claim): Judged {
  const searched = search(claim);
  const trace = searched.verdict === 'open' ? known.get(claim.name) : undefined;
  const one = trace === undefined ? searched : judgeAgain(claim, trace);
  console.log(values.json ? JSON.stringify(one) : wordsOf(one));
  return one;
}

function judgedBefore(file: string): Judged[] {
  const asked = new Set(claims.map(({ name }) => name));
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Judged).filter(({ name }) => asked.has(name));
}

function search(claim: Claim): Judged {
  const until = performance.now() + Number(values.minutes ?? MINUTES) * 60_000;
  const states = Number(values.max ?? (values.quick ? QUICK_STATES : MAX_STATES));
  return judge(claim, { states, enough: () => performance.now() > until });
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
