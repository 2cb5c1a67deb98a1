import { CATALOGUE } from '../src/faults/catalogue.ts';
import type { Picture } from '../src/http/stream.ts';
import { Log } from '../src/observe/log.ts';
import { Curves } from '../src/observe/series.ts';
import { Refusal } from '../src/refusal.ts';
import type {
  ActiveFault,
  ClusterView,
  FaultKind,
  Invalidation,
  Member,
  Protocol,
  ScenarioState,
  Snapshot,
  Verdict,
} from '../src/shared/state.ts';
import { Memories, type Product, type Stale } from './page-memories.ts';
import { BOUND_MS, CLUSTER, DEAF, NOTHING, SCENARIOS, STATES } from './page-scenarios.ts';

const KINDS = Object.keys(CATALOGUE);
const TICK_MS = 100;

/**
 * A cluster that is only made up, for what the page draws: any number of replicas, a change of any of the keys several
 * times a second, deaf replicas that stay wrong when naive and are repaired within the bound when guarded. What it
 * answers has the very types that the server's own picture has.
 */
export class World implements Picture {
  replicas: number;
  protocol: Protocol = 'guarded';
  rps = 400;
  changing = false;
  /** False: a fault lasts until it is undone, however long a page takes to show it and a test to touch it. */
  heals = true;
  /** What was ordered, in words, for tests. */
  readonly orders: string[] = [];
  readonly #memories = new Memories(8);
  readonly #faults: ActiveFault[] = [];
  readonly #invalidations: Invalidation[] = [];
  readonly #log = new Log();
  readonly #curves = new Curves();
  readonly #fresh = new Set<Invalidation>();
  readonly #violations: Verdict['violations'] = [];
  readonly #timer: NodeJS.Timeout;
  #seed = 7;
  #reads = 0;
  #writes = 0;
  #wrong = 0;
  #worst = 0;
  #ticks = 0;
  #number = 0;
  #scenario: (ScenarioState & { began: number }) | null = null;

  constructor(replicas: number) {
    this.replicas = replicas;
    this.#log.add('fixture', null, 'a made-up cluster');
    for (let i = 240; i > 0; i -= 1) this.#point(Date.now() - i * 500);
    this.#timer = setInterval(() => this.#tick(Date.now()), TICK_MS);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  snapshot(): Snapshot {
    const lists = { invalidations: [...this.#invalidations], log: this.#log.all(), series: this.#curves.all() };
    return { ...this.#state(), ...lists };
  }

  fresh(): Snapshot {
    const invalidations = [...this.#fresh];
    this.#fresh.clear();
    return { ...this.#state(), invalidations, log: this.#log.takeFresh(), series: this.#curves.takeFresh() };
  }

  verdict(): Verdict {
    const outcome = this.#wrong > 0 ? 'violated' : this.#reads === 0 ? 'unknown' : 'held';
    const worst = `${this.#worst.toFixed(1)} ms`;
    return {
      outcome,
      words: `${this.#reads.toLocaleString('en-US')} reads, worst staleness ${worst}, bound 1,000 ms, ${this.#wrong} violations`,
      reads: this.#reads,
      writes: this.#writes,
      unknown: 0,
      worstStalenessMs: this.#worst,
      boundMs: BOUND_MS,
      levels: {
        bounded: { reads: this.#reads, violations: this.#wrong },
        session: { reads: Math.floor(this.#reads / 9), violations: 0 },
        strong: { reads: 0, violations: 0 },
      },
      violations: [...this.#violations],
      nines: 'at least 99.9 %: fewer than 1 in 2,400 wrong, with 95 % confidence',
      canary: { last: Date.now() - 720_000, noticed: true },
    };
  }

  names(): string[] {
    return Array.from({ length: this.replicas }, (_, i) => `api-${i + 1}`);
  }

  begin(kind: FaultKind, target: string, holdMs: number): string {
    const id = `f${this.#next()}`;
    this.orders.push(`fault ${kind} ${target} ${holdMs}`);
    const since = Date.now();
    this.#faults.push({ id, kind, target, since, healsAt: since + holdMs, words: `${kind} on ${target}` });
    this.#log.add('fault', target, `${kind} begins`);
    return id;
  }

  end(id: string): void {
    const index = this.#faults.findIndex((fault) => fault.id === id);
    if (index < 0) throw new Refusal(404, 'that fault is over already');
    this.orders.push(`undo ${id}`);
    this.#faults.splice(index, 1);
    this.#log.add('heal', null, `${id} is over`);
  }

  become(protocol: Protocol): void {
    this.orders.push(protocol);
    this.protocol = protocol;
    this.#wrong = 0;
    this.#worst = 0;
    this.#violations.length = 0;
    this.#memories.clear();
    this.#log.add('order', null, `replicas become ${protocol}`);
  }

  run(name: string): void {
    const result = { naive: null, guarded: null };
    const rest = { phase: 'running', stepText: '', step: 1, of: 3, done: false, shown: null, began: Date.now() };
    this.#scenario = { name, protocol: 'naive', result, ...rest };
    this.#faults.length = 0;
    this.become('naive');
    this.begin('cut-bus', this.names().at(-1) ?? '', 20_000);
  }

  stop(): void {
    this.orders.push('stop');
    this.#scenario = null;
    this.#faults.length = 0;
  }

  change(id: number, priceCents: number): void {
    const product = this.#memories.product(id);
    product.priceCents = priceCents;
    this.#write(product, Date.now());
  }

  look(id: number, replica: string): object {
    const product = this.#memories.product(id);
    const { tier, version } = this.#memories.read(replica, product);
    const headers = {
      'x-served-by': replica,
      'x-cache': tier,
      'x-item-version': String(version),
      age: '3',
      'x-cache-proof': 'age=112;bound=1000',
    };
    const priceCents = version === product.version ? product.priceCents : 1999;
    const body = { id, name: 'Walnut desk lamp', category: 'lamps', stock: 31, priceCents, version };
    return { status: 200, headers, product: body };
  }

  #state(): Omit<Snapshot, 'invalidations' | 'log' | 'series'> {
    const [at, { protocol, changing }] = [Date.now(), this];
    // 1: this process waits for a second  2: a picture is due, and then the tick  3: it shows what would have been dropped.
    if (protocol === 'guarded') this.#judgeAll(at);
    const available = Object.fromEntries(
      KINDS.map((kind) => [kind, kind !== 'writer-crash']),
    ) as ClusterView['available'];
    return {
      seq: 0,
      at,
      cluster: { ...CLUSTER, protocol, changing, available },
      members: this.#members(),
      matrix: {
        keys: this.#memories.products.map(({ key, version }) => ({ key, version })),
        cells: Object.fromEntries(this.names().map((name) => [name, this.#memories.cells(name, at)])),
      },
      faults: [...this.#faults],
      verdict: this.verdict(),
      traffic: { rps: this.rps, writesPercent: 5, achieved: this.rps - 3, errors: 0 },
      cost: { console: 0.04, clients: 0.02 },
      scenario: this.#scenario,
      scenarios: SCENARIOS.map(([name = '', title = '', sentence = '']) => ({ name, title, sentence })),
    };
  }

  #members(): Member[] {
    const on = (name: string) => this.#faults.filter(({ target }) => target === name).map(({ id }) => id);
    const server = (kind: 'nginx' | 'redis' | 'postgres'): Member => ({
      ...NOTHING,
      name: kind,
      kind,
      state: 'ready',
      faults: on(kind),
    });
    const replicas = this.names().map((name, i): Member => {
      const state =
        this.#faults.flatMap(({ target, kind }) => (target === name ? (STATES[kind] ?? []) : []))[0] ?? 'ready';
      return {
        name,
        kind: 'replica',
        state,
        trustAgeMs: state === 'ready' ? 40 + this.#random() * 210 : null,
        l1: { entries: 1800 + i * 37, maxEntries: 10_000 },
        ratios: { l1: 0.942 - i * 0.004, l2: 0.047 + i * 0.003, origin: 0.011 + i * 0.001 },
        perSecond: this.rps / this.replicas,
        epoch: '7f3a91c2',
        applied: 48_211 + this.#writes,
        lagMs: { p50: 0.6 + i * 0.05, p99: 3.1 + i * 0.4 },
        faults: on(name),
      };
    });
    return [
      { ...server('nginx'), perSecond: this.rps },
      { ...server('redis'), epoch: '7f3a91c2', applied: 48_211 + this.#writes },
      { ...server('postgres'), perSecond: this.rps / 60 },
      ...replicas,
    ];
  }

  #tick(now: number): void {
    this.#ticks += 1;
    this.#reads += Math.round((this.rps * TICK_MS) / 1000);
    if (this.heals) for (const fault of this.#faults.filter(({ healsAt }) => healsAt <= now)) this.end(fault.id);
    const { products } = this.#memories;
    const product = products[Math.floor(this.#random() * products.length)];
    if (product && this.#ticks % 2 === 0) this.#write(product, now);
    // The traffic: who holds nothing soon reads again.
    for (const name of this.names())
      for (const one of products) if (this.#random() < 0.3) this.#memories.read(name, one);
    this.#judgeAll(now);
    if (this.#ticks % 5 === 0) this.#point(now);
    this.#play(now);
  }

  #judgeAll(now: number): void {
    for (const stale of this.#memories.stale(this.names(), now)) this.#judge(stale);
  }

  /** What is old is repaired when guarded, a beat later; when naive it stays, and is wrong beyond the bound. */
  #judge({ replica, product, version, age, drop }: Stale): void {
    if (this.protocol === 'guarded' && age > 250) {
      drop();
      this.#log.add('gap', replica, `${product.key} from the journal`);
      return;
    }
    this.#worst = Math.max(this.#worst, age);
    if (age <= BOUND_MS) return;
    this.#wrong += 1;
    if (this.#violations.length >= 12) return;
    const { key, version: newest } = product;
    this.#violations.push({
      level: 'bounded',
      words: `${key}: ${replica} answered version ${version}, ${age} ms after version ${newest} was acknowledged`,
      witness: [
        { kind: 'write', key, version: newest },
        { kind: 'read', key, version, replica, tier: 'L1' },
      ],
      trace: [`+0 ms commit ${key} v${newest}`, `+${age} ms ${replica} L1 -> v${version}`],
    });
  }

  #write(product: Product, now: number): void {
    this.#writes += 1;
    const hears = (replica: string) => !this.#faults.some(({ kind, target }) => target === replica && DEAF.has(kind));
    this.#memories.write(product, this.names(), hears, now);
    const lag = (replica: string) => (hears(replica) ? 0.3 + this.#random() ** 6 * 40 : null);
    const ticks = Object.fromEntries(this.names().map((replica) => [replica, lag(replica)]));
    const { key, version } = product;
    const one = { id: this.#next(), key, version, at: now, clock: 48_211 + this.#writes, ticks };
    this.#invalidations.push(one);
    if (this.#invalidations.length > 60) this.#invalidations.shift();
    this.#fresh.add(one);
  }

  #point(at: number): void {
    const ages = this.#memories.stale(this.names(), at).map(({ age }) => age);
    this.#curves.add(at, {
      stalenessMs: Math.max(this.#random() * 3, ...ages),
      lagMs: 0.5 + this.#random() * 3,
      l1: 0.93,
      l2: 0.055,
      origin: 0.015,
      originPerSecond: this.rps / 60 + this.#random() * 3,
      requests: this.rps - 8 + this.#random() * 16,
      errors: this.#faults.some(({ kind }) => kind === 'slow-origin') ? 2 : 0,
    });
  }

  #play(now: number): void {
    const scenario = this.#scenario;
    if (scenario === null || scenario.done) return;
    const seconds = (now - scenario.began) / 1000;
    const victim = this.names().at(-1);
    this.#scenario = { ...scenario, step: 1 + Math.floor((seconds % 4) / 2), stepText: `${victim} is deaf` };
    if (scenario.protocol === 'naive' && seconds >= 4) {
      const result = { naive: `violated: ${this.verdict().words}`, guarded: null };
      this.#scenario = { ...scenario, protocol: 'guarded', result };
      this.become('guarded');
    } else if (scenario.protocol === 'guarded' && seconds >= 8) {
      const result = { naive: scenario.result.naive, guarded: `held: ${this.verdict().words}` };
      this.#scenario = { ...scenario, phase: 'done', result, done: true, shown: true };
    }
  }

  #next(): number {
    this.#number += 1;
    return this.#number;
  }

  #random(): number {
    this.#seed = (this.#seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return this.#seed / 2 ** 31;
  }
}
