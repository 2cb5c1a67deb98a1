/** What a run of k6 is told, as one JSON in its environment: `k6 run -e LOCKSTEP_PLAN=...`. */
export interface Plan {
  /** nginx. */
  readonly url: string;
  /** Base URLs between which sessions hop: the replicas themselves where they can be reached, and nginx. */
  readonly targets: readonly string[];
  /** S, ms. */
  readonly boundMs: number;
  readonly durationS: number;
  /** Operations begun per second, whether or not earlier ones have been answered. */
  readonly rate: number;
  /** Tells the products of this run from those of any other. */
  readonly run: string;
  /** File for the figures, as JSON; null: they are printed. */
  readonly figures: string | null;
}

const BY_HAND: Plan = {
  url: 'http://127.0.0.1:8080',
  targets: ['http://127.0.0.1:8080'],
  boundMs: 1_000,
  durationS: 10,
  rate: 100,
  run: 'by-hand',
  figures: null,
};

/** The plan of this run; what it leaves out is as for a script that is run by hand against the default address. */
export function planOf(environment: Readonly<Record<string, string | undefined>>): Plan {
  const text = environment.LOCKSTEP_PLAN;
  return { ...BY_HAND, ...(text === undefined ? {} : (JSON.parse(text) as Partial<Plan>)) };
}
