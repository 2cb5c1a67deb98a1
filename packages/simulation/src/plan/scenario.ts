import { Random, streamOf } from '../time/random.ts';
import { Drawing } from './drawing.ts';
import { LIST, SET } from './keys.ts';
import { Mischief } from './mischief.ts';
import type { Fate, Plan } from './plan.ts';
import { SETUP, type Setup } from './setup.ts';

const REPLICAS = 3;
const OPERATIONS = 200;
/** What everything takes beside what is counted below, ms: reconnecting, latencies, repeated UNMARKs. */
const SLACK_MS = 450;

/** What clients do, as weights; all else is reading. */
export interface Mix {
  readonly mutate?: number;
  readonly invalidate?: number;
  readonly set?: number;
  readonly find?: number;
  readonly psql?: number;
  /** Of the reads without a token. */
  readonly strong?: number;
  /** Fates of commits beside the good one, each with this probability. */
  readonly fates?: Readonly<Partial<Record<Fate, number>>>;
  readonly keys?: readonly string[];
  readonly keysTogether?: number;
}

/** A kind of trouble: plans without end, one for each seed. */
export interface Scenario {
  readonly name: string;
  /** What it shows, in a line. */
  readonly about: string;
  readonly setup?: (random: Random) => Partial<Setup>;
  readonly mix: Mix;
  readonly faults?: (mischief: Mischief, setup: Setup) => void;
  /** New epochs begin: everything may take a quarantine longer. */
  readonly loses?: boolean;
  /** How long clients are at work, in S. */
  readonly span?: readonly [least: number, most: number];
}

const KEYS = ['m0', 'm1', 'u0', 'u1'];
const SPAN = [1.2, 2.4] as const;

export function planOf(scenario: Scenario, seed: number, operations: number = OPERATIONS): Plan {
  const random = new Random(streamOf(seed, scenario.name.length));
  const setup = { ...SETUP, l1: random.pick(['node-cache', 'lru'] as const), ...scenario.setup?.(random) };
  const [least, most] = scenario.span ?? SPAN;
  const spanMs = Math.round(random.between(least, most) * setup.stalenessMs);
  const keys = scenario.mix.keys ?? KEYS;
  const mischief = new Mischief(random, spanMs, REPLICAS, [...keys, LIST, `${SET}0`]);
  scenario.faults?.(mischief, setup);
  return {
    scenario: scenario.name,
    seed,
    dice: streamOf(seed, 7),
    setup,
    replicas: REPLICAS,
    operations: new Drawing(random, scenario.mix, {
      keys,
      spanMs,
      faults: mischief.faults,
      outbox: setup.outbox,
      replicas: REPLICAS,
    }).operations(operations),
    faults: mischief.faults.sort((a, b) => a.at - b.at),
    quietAt: spanMs + 20,
    settleMs: settleMs(scenario, setup),
  };
}

/** Until every L1 is trusted again, and every mark of a write that nobody knows the end of has run out (+ Q). */
function settleMs({ loses, mix, faults }: Scenario, setup: Setup): number {
  const { stalenessMs, beatMs, relayMs, commitLimitMs, failoverMs, outbox, writes } = setup;
  const waitMs = writes === 'linearizable' ? 1.01 * stalenessMs : 0;
  const markMs = 1.5 * commitLimitMs + waitMs;
  const quarantineMs = loses ? failoverMs + markMs + 500 : 0;
  // Nothing fails: whatever is under way ends soon.
  if (mix.fates === undefined && faults === undefined) return SLACK_MS;
  return (
    1.01 * stalenessMs + 2 * beatMs + (outbox ? 3 * relayMs : 0) + SLACK_MS + Math.max(quarantineMs, markMs) + waitMs
  );
}
