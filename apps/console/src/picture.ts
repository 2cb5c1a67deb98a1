import type { Faults } from './faults/faults.ts';
import type { Picture } from './http/stream.ts';
import { Cost } from './observe/cost.ts';
import type { Observer } from './observe/observer.ts';
import { Curves, POINT_MS } from './observe/series.ts';
import type { ScenarioChoice, ScenarioState, Snapshot, Traffic } from './shared/state.ts';
import type { Clients } from './traffic/clients.ts';

/** What achieved requests are averaged over, points. */
const SMOOTHED = 2;

export interface PictureParts {
  readonly url: string;
  readonly backend: string;
  readonly observer: Observer;
  readonly clients: Clients;
  readonly faults: Faults;
  readonly scenario: () => ScenarioState | null;
  readonly scenarios: readonly ScenarioChoice[];
}

/** Puts together what the page shows, and keeps its curves. */
export class LivePicture implements Picture {
  readonly #parts: PictureParts;
  readonly #curves = new Curves();
  readonly #cost = new Cost();
  readonly #rates: { readonly requests: number; readonly errors: number }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #pointAt = performance.now();

  constructor(parts: PictureParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#pointAt = performance.now();
    this.#timer = setInterval(() => this.#point(), POINT_MS);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  snapshot(): Snapshot {
    const { log, lane } = this.#parts.observer;
    return { ...this.#state(), log: log.all(), invalidations: lane.all(), series: this.#curves.all() };
  }

  fresh(): Snapshot {
    const { log, lane } = this.#parts.observer;
    const fresh = { log: log.takeFresh(), invalidations: lane.takeChanged(), series: this.#curves.takeFresh() };
    return { ...this.#state(), ...fresh };
  }

  #state(): Omit<Snapshot, 'log' | 'invalidations' | 'series'> {
    const { url, backend, observer, faults, scenario, scenarios } = this.#parts;
    const active = faults.all();
    return {
      seq: 0,
      at: Date.now(),
      cluster: {
        url,
        protocol: observer.site.protocol,
        changing: observer.changing,
        boundMs: observer.verdict.boundMs,
        backend,
        available: faults.available(),
      },
      members: observer.site.members(active, observer.tail.follows),
      matrix: observer.matrixView(active),
      faults: active,
      verdict: observer.verdict.view(),
      traffic: this.#traffic(),
      cost: this.#cost.view(),
      scenario: scenario(),
      scenarios: [...scenarios],
    };
  }

  #traffic(): Traffic {
    const mean = (of: 'requests' | 'errors') =>
      this.#rates.reduce((sum, rate) => sum + rate[of] / this.#rates.length, 0);
    return { ...this.#parts.clients.settings, achieved: Math.round(mean('requests')), errors: round(mean('errors')) };
  }

  #point(): void {
    const { observer, clients } = this.#parts;
    const now = performance.now();
    const seconds = Math.max(0.001, (now - this.#pointAt) / 1_000);
    this.#pointAt = now;
    this.#cost.look(now, clients.cpuUs);
    const { answered, errors, tiers } = clients.takeCounts();
    const reads = tiers.L1 + tiers.L2 + tiers.ORIGIN + tiers.BYPASS;
    const part = (count: number) => (reads === 0 ? null : Math.round((count / reads) * 1_000) / 1_000);
    const staleness = observer.verdict.judge.takeWorst();
    const lag = observer.takeLag();
    this.#rates.push({ requests: answered / seconds, errors: errors / seconds });
    if (this.#rates.length > SMOOTHED) this.#rates.shift();
    this.#curves.add(Date.now(), {
      stalenessMs: staleness === null ? null : round(staleness),
      lagMs: lag === null ? null : round(lag),
      l1: part(tiers.L1),
      l2: part(tiers.L2),
      origin: part(tiers.ORIGIN + tiers.BYPASS),
      originPerSecond: round(observer.site.originPerSecond),
      requests: round(answered / seconds),
      errors: round(errors / seconds),
    });
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
