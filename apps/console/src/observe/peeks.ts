import { askJson } from './ask.ts';

/** Peeks that may be sent in one tick, a tick, and peeks under way, in all and to one replica. */
const TICK_MS = 100;
const PER_TICK = 6;
/** What is looked at only because it is its turn is looked at in every so many ticks. */
const TURN_TICKS = 2;
const UNDER_WAY_MOST = 12;
const PER_REPLICA_MOST = 2;
/** A peek takes as long as the replica's Redis lets it. */
const LIMIT_MS = 2_000;
/** Looks that are planned for later. */
const PLANNED_MOST = 2_048;
/** After each sampled write its key is looked at on every replica, ms after the commit was seen. */
const AFTER_MS = [100, 1_000, 10_000, 60_000];
/** Writes are sampled so that no more looks than this come of them, a second. */
const PLANNED_PER_SECOND = 30;

interface Peeked {
  readonly replica: string;
  readonly key: string;
  /** On the monotonic clock, ms. */
  readonly start: number;
  readonly end: number;
  /** What a reader would get from L1; null for nothing. */
  readonly l1: number | null;
  /** True for one that was planned after a write. */
  readonly probe: boolean;
}

interface Doubt {
  readonly replica: string;
  readonly key: string;
}

interface Next {
  readonly replica: string;
  readonly url: string;
  readonly key: string;
  readonly probe: boolean;
}

interface Planned {
  readonly due: number;
  readonly key: string;
  readonly replica: string;
}

export interface PeeksOptions {
  /** The replicas that can be asked, by name, with their private listener. */
  readonly replicas: () => ReadonlyMap<string, string>;
  /** Keys that are looked at in turn. */
  readonly keys: readonly string[];
  /** What should be looked at before its turn. */
  readonly urgent: () => readonly Doubt[];
  readonly peeked: (peeked: Peeked) => void;
}

/** Looks into L1s without disturbing them, and never more often than a budget: first what is due, then what is in doubt, then in turn. */
export class Peeks {
  readonly #options: PeeksOptions;
  readonly #planned: Planned[] = [];
  readonly #underWay = new Map<string, number>();
  #turn = 0;
  #ticks = 0;
  #turnTaken = false;
  #sampledAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PeeksOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => this.#tick(performance.now()), TICK_MS);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** A write; some of them are followed up. */
  written(key: string, now: number): void {
    const replicas = [...this.#options.replicas().keys()];
    const looks = replicas.length * AFTER_MS.length;
    if (looks === 0 || now - this.#sampledAt < (looks * 1_000) / PLANNED_PER_SECOND) return;
    this.#sampledAt = now;
    for (const after of AFTER_MS) for (const replica of replicas) this.#plan({ due: now + after, key, replica });
  }

  #plan(planned: Planned): void {
    if (this.#planned.length >= PLANNED_MOST) return;
    const at = this.#planned.findLastIndex(({ due }) => due <= planned.due);
    this.#planned.splice(at + 1, 0, planned);
  }

  #tick(now: number): void {
    this.#ticks++;
    this.#turnTaken = false;
    const replicas = this.#options.replicas();
    if (replicas.size === 0) return;
    const urgent = [...this.#options.urgent()];
    for (let left = PER_TICK; left > 0; left--) {
      const next = this.#next(now, replicas, urgent);
      if (next === null) return;
      void this.#peek(next);
    }
  }

  #next(now: number, replicas: ReadonlyMap<string, string>, urgent: Doubt[]): Next | null {
    let sum = 0;
    for (const count of this.#underWay.values()) sum += count;
    if (sum >= UNDER_WAY_MOST) return null;
    const free = (replica: string) => (this.#underWay.get(replica) ?? 0) < PER_REPLICA_MOST;
    while (this.#planned[0] !== undefined && this.#planned[0].due <= now) {
      const { replica, key } = this.#planned.shift() as Planned;
      const url = replicas.get(replica);
      if (url !== undefined && free(replica)) return { replica, url, key, probe: true };
    }
    for (let one = urgent.shift(); one !== undefined; one = urgent.shift()) {
      const { replica, key } = one;
      const url = replicas.get(replica);
      if (url !== undefined && free(replica)) return { replica, url, key, probe: false };
    }
    if (this.#ticks % TURN_TICKS !== 0 || this.#turnTaken) return null;
    this.#turnTaken = true;
    const names = [...replicas.keys()];
    const turn = this.#turn++ % (names.length * this.#options.keys.length);
    const replica = names[turn % names.length] as string;
    const key = this.#options.keys[Math.floor(turn / names.length)] as string;
    return free(replica) ? { replica, url: replicas.get(replica) as string, key, probe: false } : null;
  }

  async #peek({ replica, url, key, probe }: Next): Promise<void> {
    this.#underWay.set(replica, (this.#underWay.get(replica) ?? 0) + 1);
    const start = performance.now();
    const said = await askJson(`${url}/internal/peek?key=${encodeURIComponent(key)}`, LIMIT_MS);
    const left = (this.#underWay.get(replica) ?? 1) - 1;
    if (left === 0) this.#underWay.delete(replica);
    else this.#underWay.set(replica, left);
    if (said === null) return;
    const version = (said.l1 as { version?: unknown } | null)?.version;
    const l1 = typeof version === 'number' ? version : null;
    this.#options.peeked({ replica, key, start, end: performance.now(), l1, probe });
  }
}
