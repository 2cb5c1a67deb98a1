/** What k6 gives to handleSummary, as far as it is looked at. */
export interface SummaryData {
  readonly metrics: Readonly<
    Record<
      string,
      {
        readonly values: Readonly<Record<string, number>>;
        readonly thresholds?: Readonly<Record<string, { readonly ok: boolean }>>;
      }
    >
  >;
  readonly state: { readonly testRunDurationMs: number };
}

export const TIERS = ['L1', 'L2', 'ORIGIN', 'BYPASS'] as const;
type Tier = (typeof TIERS)[number];

/** The counter of the reads that a tier has answered; k6 wants names of letters, digits and underscores. */
export function tierCounter(tier: Tier): string {
  return `reads_${tier.toLowerCase()}`;
}

/** The figures of one run: a contract with whoever reads the JSON under results/. */
export interface Figures {
  readonly durationMs: number;
  readonly requests: number;
  readonly perSecond: number;
  /** Requests that were not answered as the script expects. */
  readonly failed: number;
  /** Iterations that an open model could not begin on time, as nobody was free to begin them. */
  readonly dropped: number;
  readonly latencyMs: { readonly p50: number; readonly p95: number; readonly p99: number };
  /** Reads by the tier that answered them. */
  readonly tiers: Readonly<Record<Tier, number>>;
  /** Breaches that sessions have seen, by name; absent where the script has no sessions. */
  readonly breaches: Readonly<Record<string, number>> | null;
  readonly thresholds: readonly Threshold[];
}

interface Threshold {
  /** As `http_req_failed rate==0`. */
  readonly name: string;
  readonly ok: boolean;
}

/** Which statistics of a trend k6 has to compute for us. */
export const TREND_STATS = ['med', 'p(95)', 'p(99)'];

/** Takes from k6's summary what we report. A metric without a sample is missing there, and 0 here. */
export function figuresOf({ metrics, state }: SummaryData, breaches: readonly string[] = []): Figures {
  const value = (metric: string, name: string) => metrics[metric]?.values[name] ?? 0;
  const requests = value('http_reqs', 'count');
  return {
    durationMs: Math.round(state.testRunDurationMs),
    requests,
    perSecond: round(value('http_reqs', 'rate')),
    // A rate of failures counts as `passes` what is true: a request that failed.
    failed: value('http_req_failed', 'passes'),
    dropped: value('dropped_iterations', 'count'),
    latencyMs: {
      p50: round(value('http_req_duration', 'med')),
      p95: round(value('http_req_duration', 'p(95)')),
      p99: round(value('http_req_duration', 'p(99)')),
    },
    tiers: Object.fromEntries(TIERS.map((tier) => [tier, value(tierCounter(tier), 'count')])) as Record<Tier, number>,
    breaches: breaches.length === 0 ? null : Object.fromEntries(breaches.map((name) => [name, value(name, 'count')])),
    thresholds: Object.entries(metrics).flatMap(([metric, { thresholds = {} }]) =>
      Object.entries(thresholds).map(([condition, { ok }]) => ({ name: `${metric} ${condition}`, ok })),
    ),
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
