import type { ActiveFault, Column, Invalidation, LogLine, Protocol, Series, Snapshot } from '../shared/state.ts';

/** Bounds of what the page keeps; the server keeps its own. */
export const KEPT = { invalidations: 400, log: 1000, seriesMs: 125_000, spans: 64, results: 32 } as const;

/** A stretch of time in which something held; `until` is null while it does. */
export interface Span {
  readonly id: string;
  readonly words: string;
  readonly since: number;
  until: number | null;
}

export type Changed = ReadonlySet<keyof Snapshot>;

/** What the two sides of a scenario came to, as far as this page saw them. */
export interface Result {
  naive: string | null;
  guarded: string | null;
}

/**
 * What the server said, merged: a snapshot replaces everything, a delta its fields; of `invalidations`, `log` and
 * `series` it adds what is new. Bounded, whatever comes. Beyond that it remembers what a snapshot does not carry: when
 * faults and protocols began and ended, for the bands of the charts, and the results of scenarios that are over.
 */
export class Model {
  now: Snapshot;
  /** Faults of the last two minutes, the oldest first. */
  readonly faultSpans: Span[] = [];
  readonly protocolSpans: (Span & { readonly protocol: Protocol })[] = [];
  readonly results = new Map<string, Result>();

  constructor(snapshot: Snapshot) {
    this.now = snapshot;
    this.#remember();
    this.#rememberResult();
  }

  /** Everything anew: after a reconnect that could not be resumed. What is remembered of before stays. */
  replace(snapshot: Snapshot): Changed {
    this.now = snapshot;
    this.#remember();
    this.#rememberResult();
    return new Set(Object.keys(snapshot) as (keyof Snapshot)[]);
  }

  merge(delta: Partial<Snapshot>): Changed {
    const before = this.now;
    this.now = { ...before, ...delta };
    if (delta.invalidations) this.now.invalidations = upserted(before.invalidations, delta.invalidations);
    if (delta.log) this.now.log = appended(before.log, delta.log);
    if (delta.series) this.now.series = extended(before.series, delta.series);
    this.#remember();
    if (delta.scenario) this.#rememberResult();
    return new Set(Object.keys(delta) as (keyof Snapshot)[]);
  }

  #remember(): void {
    const { at, faults, cluster } = this.now;
    rememberFaults(this.faultSpans, faults, at);
    const last = this.protocolSpans.at(-1);
    if (last?.protocol !== cluster.protocol) {
      if (last) last.until = at;
      const { protocol } = cluster;
      this.protocolSpans.push({ id: `${protocol}@${at}`, words: protocol, protocol, since: at, until: null });
    }
    forget(this.faultSpans, at);
    forget(this.protocolSpans, at);
  }

  #rememberResult(): void {
    const { scenario } = this.now;
    if (scenario === null || (!this.results.has(scenario.name) && this.results.size >= KEPT.results)) return;
    this.results.set(scenario.name, scenario.result);
  }
}

function rememberFaults(spans: Span[], faults: readonly ActiveFault[], at: number): void {
  const active = new Set(faults.map(({ id }) => id));
  for (const span of spans) if (span.until === null && !active.has(span.id)) span.until = at;
  for (const { id, since, words } of faults) {
    const known = spans.find((span) => span.id === id);
    if (known) known.until = null;
    else spans.push({ id, since, words, until: null });
  }
}

function forget(spans: Span[], at: number): void {
  const kept = spans.filter(({ until }) => until === null || until > at - KEPT.seriesMs).slice(-KEPT.spans);
  spans.splice(0, spans.length, ...kept);
}

function upserted(known: readonly Invalidation[], fresh: readonly Invalidation[]): Invalidation[] {
  const byId = new Map(known.map((one) => [one.id, one]));
  for (const one of fresh) byId.set(one.id, one);
  return [...byId.values()].sort((a, b) => a.id - b.id).slice(-KEPT.invalidations);
}

function appended(known: readonly LogLine[], fresh: readonly LogLine[]): LogLine[] {
  const last = known.at(-1)?.id ?? -1;
  return [...known, ...fresh.filter(({ id }) => id > last)].slice(-KEPT.log);
}

function extended(known: Series, fresh: Series): Series {
  const last = known.t.at(-1) ?? Number.NEGATIVE_INFINITY;
  const from = fresh.t.findIndex((t) => t > last);
  if (from < 0) return known;
  const t = [...known.t, ...fresh.t.slice(from)];
  const kept = t.findIndex((at) => at >= (t.at(-1) ?? 0) - KEPT.seriesMs);
  const columns = {} as Record<Column, (number | null)[]>;
  for (const name of Object.keys(known.columns) as Column[]) {
    columns[name] = [...known.columns[name], ...(fresh.columns[name] ?? []).slice(from)].slice(kept);
  }
  return { t: t.slice(kept), columns };
}
