import { judge, type Operation } from '@lockstep/history';
import type { Plan } from '../plan/plan.ts';
import { DRIFT_MOST } from '../time/local-time.ts';
import type { Cluster } from '../world/cluster.ts';

import type { Finding } from './finding.ts';
import { Promises } from './promises.ts';
import { unsettled } from './rest.ts';
import { Sieve } from './sieve.ts';

/** Answered reads by the level at which they were judged. */
export interface Checked {
  bounded: number;
  session: number;
  strong: number;
  /** Of all of them, those that were also held against every commit, whether or not anybody was told of it. */
  proved: number;
}

/** How one simulated cluster has kept its promises. */
export interface Judgement {
  readonly findings: readonly Finding[];
  readonly checked: Checked;
  /** Acknowledged, counted by key. */
  readonly writes: number;
  /** Of any read, ms. */
  readonly worstStalenessMs: number;
}

/** `thorough`: also what has passed the sieve gets a verdict, which must be the same. */
export function judgementOf(cluster: Cluster, thorough = false): Judgement {
  const { plan, history } = cluster;
  const promises = new Promises(plan, history.unsure);
  const absences = promises.setKeysStay ? history.absences : [];
  const reads = absences.length > 0 ? merged(history.reads, absences) : history.reads;
  const asked = { reads, boundMs: plan.setup.stalenessMs };
  const tighter = { reads: history.tight, boundMs: cluster.tightMs };
  const sieves = [asked, tighter].map((each) => sieved(cluster, each, promises));
  const passed = sieves.every((each) => each.passed) && !history.contradicted;
  const findings: Finding[] = [];
  if (!passed || thorough) {
    findings.push(...[asked, tighter].flatMap((each) => verdictOf(cluster, each, promises)));
    if (passed && findings.length > 0) findings.push({ kind: 'sieve', text: 'the sieve has let it pass', witness: [] });
  }
  findings.push(...unsettled(cluster));
  const checked = { bounded: 0, session: 0, strong: 0, proved: plan.setup.outbox ? history.reads.length : 0 };
  for (const { level = 'bounded' } of history.reads) checked[level]++;
  const worstStalenessMs = Math.max(...sieves.map((each) => each.worstStalenessMs));
  return { findings, checked, writes: history.writes.length, worstStalenessMs };
}

/** Reads that were asked with one bound, by their readers' clocks, ms. */
interface Asked {
  readonly reads: readonly Operation[];
  readonly boundMs: number;
}

/** The bound as the simulation's clock measures it: against what was acknowledged, and what was committed. */
function bounds({ setup }: Plan, { boundMs }: Asked): { acknowledgedMs: number; committedMs: number | null } {
  // A slow clock takes longer for it.
  const ms = boundMs / (1 - DRIFT_MOST);
  return { acknowledgedMs: ms + setup.failoverMs, committedMs: setup.outbox ? ms : null };
}

function sieved({ plan, history, origin }: Cluster, asked: Asked, promises: Promises) {
  const { acknowledgedMs, committedMs } = bounds(plan, asked);
  const sieve = new Sieve({
    boundMs: acknowledgedMs,
    provedMs: committedMs,
    versions: origin.versions,
    monotonic: (key) => promises.holds({ kind: 'monotonic-reads', key }),
  });
  const passed = sieve.passes(asked.reads, history.writes);
  return { passed, worstStalenessMs: sieve.worstStalenessMs };
}

function verdictOf({ plan, history, origin }: Cluster, asked: Asked, promises: Promises): Finding[] {
  const { acknowledgedMs, committedMs } = bounds(plan, asked);
  const final = new Map([...origin.versions].map(([key, versions]) => [key, versions.length]));
  const operations = [...asked.reads, ...history.allWrites()];
  const verdict = judge(operations, { boundMs: acknowledgedMs, initial: 0, final });
  const violations = verdict.violations.filter((violation) => promises.holds(violation));
  if (committedMs !== null) {
    const committed = asCommitted(asked.reads, origin.versions);
    violations.push(...judge(committed, { boundMs: committedMs, initial: 0, level: 'bounded' }).violations);
  }
  return violations.map(({ kind, text, witness }) => ({ kind, text, witness }));
}

/** The reads before the writes as the origin knows them: each acknowledged in the instant in which it took effect. */
function asCommitted(reads: readonly Operation[], committed: Cluster['origin']['versions']): Operation[] {
  const history = reads.filter(({ key }) => committed.has(key));
  for (const [key, versions] of committed) {
    for (const { version, at } of versions) {
      history.push({ client: 'the origin', key, kind: 'write', start: at, end: at, version, outcome: 'ok' });
    }
  }
  return history;
}

/** Both are in the order of their ends. */
function merged(one: readonly Operation[], other: readonly Operation[]): Operation[] {
  return [...one, ...other].sort((a, b) => a.end - b.end);
}
