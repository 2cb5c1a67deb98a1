import { readFileSync, writeFileSync } from 'node:fs';
import { CLAIMS, type Judged } from './judged.ts';
import { ROWS } from './rows.ts';

/** The last verdict on each row and ablation, as a page to be read; `npm run model -- --keep` writes it anew. */
const FILE = new URL('../../RESULTS.md', import.meta.url);

/** As the page says it, and as it is read from there. */
interface Result {
  readonly verdict: string;
  readonly states: string;
  readonly depth: string;
}

const NONE: Result = { verdict: 'not run', states: '', depth: '' };
const WORDS = { safe: 'safe', open: 'not exhausted', unsafe: 'counterexample' } as const;

/** What was not looked at this time stays as it was; so does what was looked at farther. */
export function keepResults(judged: readonly Judged[]): void {
  const results = readResults();
  for (const { name, verdict, states, depth, walked } of judged) {
    const before = results.get(name)?.states ?? '';
    if (walked || (verdict === 'open' && Number(before.replaceAll(',', '')) > states)) continue;
    results.set(name, { verdict: WORDS[verdict], states: states.toLocaleString('en'), depth: `${depth}` });
  }
  writeFileSync(FILE, pageOf(results));
}

/** Names of rows are three cells, those of ablations are one. */
export function readResults(): Map<string, Result> {
  const known = new Set(CLAIMS.map(({ name }) => name));
  const results = new Map<string, Result>();
  for (const line of readFileSync(FILE, 'utf8').split('\n')) {
    const cells = line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, ''));
    const name = cells.slice(0, -3).join(' | ');
    const [verdict = '', states = '', depth = ''] = cells.slice(-3);
    if (known.has(name)) results.set(name, { verdict, states, depth });
  }
  return results;
}

function pageOf(results: ReadonlyMap<string, Result>): string {
  const lineOf = (name: string) => {
    const { verdict, states, depth } = results.get(name) ?? NONE;
    return `| ${name} | ${verdict} | ${states} | ${depth} |`;
  };
  const promised = ROWS.filter(({ notPromised }) => notPromised === undefined);
  const counted = (verdict: string) => promised.filter(({ name }) => results.get(name)?.verdict === verdict).length;
  const others = ROWS.flatMap(({ name, notPromised }) => (notPromised === undefined ? [] : [{ name, notPromised }]));
  const ablations = CLAIMS.filter(({ name }) => name.startsWith('without '));
  return `${HEAD}
## What is promised

${promised.length} rows: ${counted(WORDS.safe)} safe, ${counted(WORDS.open)} not exhausted, ${counted(WORDS.unsafe)} with a counterexample (a defect).

| property and writers | what may go wrong | scope | verdict | states | steps |
|---|---|---|---|---|---|
${promised.map(({ name }) => lineOf(name)).join('\n')}

## What is not promised

| property and writers | what may go wrong | scope | verdict | states | steps |
|---|---|---|---|---|---|
${others.map(({ name }) => lineOf(name)).join('\n')}

Why:

${others.map(({ name, notPromised }) => `- ${name}: ${notPromised}.`).join('\n')}

## Each rule taken out

| rule | verdict | states | steps |
|---|---|---|---|
${ablations.map(({ name }) => lineOf(name)).join('\n')}
`;
}

const HEAD = `# What the explorer has seen

Written by \`npm run model -- --keep\`. A breadth-first search of every state that the core of packages/cache can get into, on
a simulated Redis, with the faults of the row at any step; messages of the bus are lost, late and out of order in each.
One key, one partition, two replicas, a second Redis where there is a failover, a relay where there is an outbox.

- *safe*: every reachable state was looked at. *Not exhausted*: the first states up to this number were, level by level, and
  nothing was found; deeper ones are without evidence. *Counterexample*: a shortest one, step by step in
  [traces.txt](src/table/traces.txt), which the tests walk again.
- Scope *L3*: both replicas have an L1 and read. *L2*: B has an L1, both read. *L2R2*: B has an L1 and reads, A writes.
- A script that only its caller waits for is executed and answered in one step; where the row says *every step*, sending,
  execution and answer are steps of their own.
- *Steps*: from the start to the farthest state.

Without evidence by this search: more than one partition, slots that move, more than two replicas, the age at which rows of the
outbox are purged, and local clocks that drift.
`;
