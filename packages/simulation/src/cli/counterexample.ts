import type { Plan, PlannedOperation } from '../plan/plan.ts';
import { type Outcome, run } from '../run.ts';
import { shrink } from '../verdict/shrink.ts';
import { describe } from '../world/faults.ts';
import type { Mechanisms } from '../world/mechanisms.ts';

/** How long after the last operation of the witness the story still matters, ms. */
const AFTERMATH_MS = 20;

/** A plan that fails, as small as it could be made, and what happened in it. */
export interface Counterexample {
  readonly plan: Plan;
  readonly outcome: Outcome;
}

/** Shrinks a plan to what still fails in the same way. */
export async function counterexample(plan: Plan, kind: string, mechanisms: Mechanisms = {}): Promise<Counterexample> {
  const fails = async (smaller: Plan) =>
    (await run(smaller, mechanisms, { thorough: true })).judgement.findings.some((f) => f.kind === kind);
  const smallest = await shrink(plan, fails);
  return { plan: smallest, outcome: await run(smallest, mechanisms, { thorough: true, traced: true }) };
}

/** In words: the witness on top, how to see it again, the plan, and what happened. */
export function tell(found: Plan, { plan, outcome }: Counterexample): string {
  const { findings } = outcome.judgement;
  const [first] = findings;
  const lines = [
    `${found.scenario}, seed ${found.seed}: ${first?.kind ?? 'nothing'}`,
    ...findings.slice(0, 3).map(({ text }) => `  ${text}`),
    `  again: npm run simulate -- --scenario '${found.scenario}' --seed ${found.seed}`,
    '',
    `shrunk from ${count(found)} to ${count(plan)}`,
    `  caches: ${settings(plan)}`,
    ...planLines(plan),
    '',
    'what happened',
    ...story(found, outcome),
  ];
  return `${lines.join('\n')}\n`;
}

function count({ operations, faults }: Plan): string {
  return `${operations.length} operations and ${faults.length} faults`;
}

function settings({ setup }: Plan): string {
  return Object.entries(setup)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

function planLines({ operations, faults }: Plan): string[] {
  const lines = [
    ...operations.map((operation) => ({ at: operation.at, text: inWords(operation) })),
    ...faults.map((fault) => ({ at: fault.at, text: `fault: ${describe(fault)}` })),
  ];
  return lines.sort((a, b) => a.at - b.at).map(({ at, text }) => `${time(at)}  ${text}`);
}

function inWords({ at, client, replica, ...action }: PlannedOperation): string {
  const { do: what, ...details } = action;
  const words = Object.entries(details).map(([name, value]) => `${name} ${value}`);
  return [`client ${client} at ${'abc'.charAt(replica)}: ${what}`, ...words].join(', ');
}

/** Up to the witness, without what always happens. */
function story(found: Plan, { judgement, lines }: Outcome): string[] {
  const ends = judgement.findings.flatMap(({ witness }) => witness.map(({ end }) => end));
  const until = ends.length > 0 ? Math.max(...ends) + AFTERMATH_MS : found.quietAt + found.settleMs;
  return lines
    .filter((line) => !line.dull && line.at <= until)
    .map(({ at, who, text }, step) => `${number(step + 1)}${time(at)}  ${who.padEnd(9)} ${text.replaceAll('\n', ' ')}`);
}

function number(step: number): string {
  return `${step}.`.padStart(5);
}

function time(at: number): string {
  return at.toFixed(2).padStart(9);
}
