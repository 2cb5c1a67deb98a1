import type { Discovery, Found, FoundReplica } from '../cluster/discovery.ts';
import type { ActiveFault, Member, MemberState, Protocol } from '../shared/state.ts';
import { type FeedTold, ReplicaFeed } from './replica-feed.ts';

/** How often it is asked who is there, ms. */
const DISCOVER_MS = 1_000;
/** How often the replicas are asked how they are, all at once: each time that this process wakes costs more than an answer, ms. */
const POLL_MS = 500;
/** A replica that left is shown as gone for so long, ms. */
const GONE_MS = 4_000;

export interface SiteTold extends FeedTold {
  joined(replica: string): void;
  left(replica: string): void;
  /** Another protocol, or another bound, than before; also the first ones. */
  settings(protocol: Protocol, boundMs: number): void;
  /** The replicas that answer do not all speak one protocol, or do again. */
  mixed(isMixed: boolean): void;
  trouble(text: string): void;
}

interface Watched {
  readonly found: FoundReplica;
  readonly feed: ReplicaFeed;
}

/** Who belongs to the cluster, and a feed of each. */
export class Site {
  readonly #discovery: Discovery;
  readonly #told: SiteTold;
  readonly #watched = new Map<string, Watched>();
  readonly #gone = new Map<string, number>();
  #found: Found | null = null;
  #protocol: Protocol | null = null;
  #boundMs: number | null = null;
  #mixed = false;
  #timer: NodeJS.Timeout | undefined;
  #polls: NodeJS.Timeout | undefined;
  #closed = false;
  #failing = false;
  /** Looks that were begun, and the newest of them that was taken. */
  #looks = 0;
  #taken = 0;

  constructor(discovery: Discovery, told: SiteTold) {
    this.#discovery = discovery;
    this.#told = told;
  }

  start(): void {
    void this.#turn();
    this.#polls = setInterval(() => {
      for (const { feed } of this.#watched.values()) this.#hear(feed.poll());
    }, POLL_MS);
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#polls);
    clearTimeout(this.#timer);
    for (const { feed } of this.#watched.values()) feed.close();
    this.#watched.clear();
  }

  /**
   * Looks now, as after an order that changed who is there. What an older look says then is old:
   *   1: a look waits for a replica that does not answer   2: two replicas are gone, and a look after that says so   3: the
   *   first one ends, with both of them: whoever asks now how many there are would scale from there.
   */
  async refresh(): Promise<void> {
    const look = ++this.#looks;
    const found = await this.#discovery();
    if (look < this.#taken) return;
    this.#taken = look;
    this.#take(found);
  }

  /** Asks every replica how it is by now. */
  async ask(): Promise<void> {
    await Promise.all([...this.#watched.values()].map(({ feed }) => feed.pollAnew()));
    this.#heard();
  }

  names(): string[] {
    return [...this.#watched.keys()];
  }

  /** Replicas that answer on their private listener, with its URL. */
  answering(): ReadonlyMap<string, string> {
    return this.#internals((state) => state !== null);
  }

  /** Those that have a cache to look into: not those that drain, or are just starting. */
  serving(): ReadonlyMap<string, string> {
    return this.#internals((state) => state === 'ready' || state === 'parked');
  }

  /** True when every replica says that it is ready. */
  get allReady(): boolean {
    return this.#watched.size > 0 && [...this.#watched.values()].every(({ feed }) => feed.state === 'ready');
  }

  urlOf(replica: string): string | null {
    return this.#watched.get(replica)?.found.url ?? null;
  }

  /** True while the replicas that answer do not all speak one protocol, as when a change of it ended half-way. */
  get mixed(): boolean {
    return this.#mixed;
  }

  get protocol(): Protocol {
    return this.#protocol ?? 'guarded';
  }

  get originPerSecond(): number {
    let sum = 0;
    for (const { feed } of this.#watched.values()) sum += feed.originPerSecond;
    return sum;
  }

  /** Loads and uncached loads that the replicas have counted. */
  get originLoads(): number {
    let sum = 0;
    for (const { feed } of this.#watched.values()) sum += feed.originLoads;
    return sum;
  }

  members(faults: readonly ActiveFault[], followsOrigin: boolean): Member[] {
    const now = performance.now();
    const { redisUp, nginxUp, postgresUp } = this.#found ?? { redisUp: null, nginxUp: null, postgresUp: null };
    const replicas = [...this.#watched.values()];
    // Redis is seen through those who use it, where no launcher tells.
    const served = replicas.length === 0 || replicas.some(({ feed }) => feed.state === 'ready');
    const views = replicas.map(({ feed }) => feed.view(now));
    const perSecond = views.some((view) => view.perSecond !== null)
      ? views.reduce((sum, view) => sum + (view.perSecond ?? 0), 0)
      : null;
    const newest = views.reduce((best, view) => ((view.applied ?? -1) > (best?.applied ?? -1) ? view : best), views[0]);
    const servers = [
      // What the replicas were asked came through it.
      { ...serverMember('nginx', nginxUp ?? true, faults), perSecond },
      // Its clock, as far as any replica has followed it.
      {
        ...serverMember('redis', redisUp ?? served, faults),
        applied: newest?.applied ?? null,
        epoch: newest?.epoch ?? null,
      },
      {
        ...serverMember('postgres', (postgresUp ?? true) && followsOrigin, faults),
        perSecond: perSecond === null ? null : this.originPerSecond,
      },
    ];
    const present = replicas.map(({ found, feed }, index): Member => {
      const on = faultsOn(found.name, faults);
      const state = stateOf(feed.state, found.state, on);
      const view = views[index] ?? feed.view(now);
      return { name: found.name, kind: 'replica', state, ...view, faults: on.map(({ id }) => id) };
    });
    for (const [name, since] of this.#gone) {
      if (now - since > GONE_MS || this.#watched.has(name)) this.#gone.delete(name);
      else present.push({ ...serverMember('redis', false, []), name, kind: 'replica' });
    }
    return [...servers, ...present];
  }

  /** The private listeners of those that say to be in such a state. */
  #internals(isSuch: (state: string | null) => boolean): ReadonlyMap<string, string> {
    const internals = new Map<string, string>();
    for (const [name, { feed }] of this.#watched) if (isSuch(feed.state)) internals.set(name, feed.internal);
    return internals;
  }

  async #turn(): Promise<void> {
    try {
      await this.refresh();
      this.#failing = false;
    } catch (error) {
      // Said once: it may go on for long.
      if (!this.#failing)
        this.#told.trouble(`nobody says who is there: ${error instanceof Error ? error.message : error}`);
      this.#failing = true;
    }
    if (!this.#closed) this.#timer = setTimeout(() => void this.#turn(), DISCOVER_MS);
  }

  #take(found: Found): void {
    if (this.#closed) return;
    const first = this.#found === null;
    this.#found = found;
    for (const [name, { feed }] of this.#watched) {
      if (found.replicas.some((one) => one.name === name && one.internal === feed.internal)) continue;
      feed.close();
      this.#watched.delete(name);
      this.#gone.set(name, performance.now());
      this.#told.left(name);
    }
    for (const replica of found.replicas) {
      const { name, internal } = replica;
      const feed = this.#watched.get(name)?.feed ?? new ReplicaFeed(name, internal, this.#told);
      const isNew = !this.#watched.has(name);
      this.#watched.set(name, { found: replica, feed });
      if (isNew) this.#hear(feed.poll());
      if (isNew && !first) this.#told.joined(name);
    }
    this.#heard();
  }

  #hear(polled: Promise<void>): void {
    void polled.then(() => this.#heard());
  }

  /** Takes what the replicas have said together, and what is known of all of them. */
  #heard(): void {
    if (this.#closed) return;
    const feeds = [...this.#watched.values()].map(({ feed }) => feed);
    const [spoken, ...others] = new Set(feeds.flatMap(({ protocol }) => protocol ?? []));
    const isMixed = others.length > 0;
    if (isMixed !== this.#mixed) {
      this.#mixed = isMixed;
      this.#told.mixed(isMixed);
    }
    const protocol = this.#found?.protocol ?? (isMixed ? this.#protocol : spoken) ?? this.#protocol ?? 'guarded';
    const boundMs = this.#found?.boundMs ?? feeds.flatMap((feed) => feed.boundMs ?? [])[0] ?? this.#boundMs;
    if (boundMs === null || (protocol === this.#protocol && boundMs === this.#boundMs)) return;
    this.#protocol = protocol;
    this.#boundMs = boundMs;
    this.#told.settings(protocol, boundMs);
  }
}

function faultsOn(name: string, faults: readonly ActiveFault[]): ActiveFault[] {
  return faults.filter(({ target }) => target === name || target === 'replicas');
}

function serverMember(kind: 'nginx' | 'redis' | 'postgres', up: boolean, faults: readonly ActiveFault[]): Member {
  const nothing = {
    trustAgeMs: null,
    l1: null,
    ratios: null,
    perSecond: null,
    epoch: null,
    applied: null,
    lagMs: null,
  };
  const on = faults.filter(({ target }) => target === kind).map(({ id }) => id);
  return { name: kind, kind, state: up ? 'ready' : 'gone', ...nothing, faults: on };
}

const LINK_FAULTS = ['cut-bus', 'blackhole-bus', 'cut-command', 'delay-bus', 'lose-messages'];

/** A replica's own word, but for what it cannot say itself: that it is gone, or paused, or why it is parked. */
function stateOf(own: string | null, launcher: string | null, faults: readonly ActiveFault[]): MemberState {
  if (launcher === 'down') return 'gone';
  if (faults.some(({ kind }) => kind === 'pause')) return 'paused';
  if (own === null) return launcher === 'starting' ? 'starting' : 'gone';
  if (own === 'parked' && faults.some(({ kind }) => LINK_FAULTS.includes(kind))) return 'isolated';
  return own === 'starting' || own === 'ready' || own === 'parked' || own === 'draining' ? own : 'gone';
}
