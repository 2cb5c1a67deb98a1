import type { Operation } from '@lockstep/history';
import type { Discovery } from '../cluster/discovery.ts';
import type { StoredValue } from '../faults/canary-value.ts';
import type { ActiveFault, Protocol } from '../shared/state.ts';
import { InOrder } from '../verdict/in-order.ts';
import { LiveVerdict } from '../verdict/live-verdict.ts';
import { Canary, type CanaryOptions } from './canary.ts';
import { Direct } from './direct.ts';
import { Gaps } from './gaps.ts';
import { Lane } from './lane.ts';
import { Log } from './log.ts';
import { KeyMatrix } from './matrix.ts';
import { type Committed, OriginTail } from './origin-tail.ts';
import { Peeks } from './peeks.ts';
import type { Applied } from './replica-feed.ts';
import { Site } from './site.ts';
import { Trace } from './trace.ts';
import { wordsOf } from './words.ts';

/** S, until the cluster has said it, ms. */
const BOUND_UNTIL_TOLD_MS = 1_000;
/** How often the lane looks for what nobody has heard of, ms. */
const SWEEP_MS = 100;

export interface ObserverOptions {
  readonly discovery: Discovery;
  readonly url: string;
  readonly databaseUrl: string;
  /** Products whose versions are followed from the start. */
  readonly ids: readonly number[];
  /** Of these, those that the matrix shows. */
  readonly pinnedIds: readonly number[];
  readonly canaryId: number;
  /** The way to its value in L2, for trials alone. */
  readonly canaryValue: CanaryOptions<StoredValue>['value'];
}

/**
 * Sees everything, and takes part in nothing: replicas by their private listeners, the origin by a connection of its own,
 * what clients get by being one. It does not ask Redis (but for a trial of the canary), and does not read through the cache to know what is in it.
 */
export class Observer {
  readonly log = new Log();
  readonly trace = new Trace();
  readonly matrix: KeyMatrix;
  readonly lane: Lane;
  readonly verdict: LiveVerdict;
  readonly site: Site;
  readonly tail: OriginTail;
  readonly direct: Direct;
  readonly canary: Canary<StoredValue>;
  /** While a scenario counts what it causes, nothing is added to it. */
  quiet = false;
  readonly #peeks: Peeks;
  readonly #order = new InOrder({
    take: (operation) => this.#judge(operation),
    lost: () => this.verdict.unjudged(),
  });
  readonly #gaps: Gaps;
  readonly #canaryKey: string;
  #changes = 0;
  #lagMost = -1;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ObserverOptions) {
    this.#canaryKey = `product:${options.canaryId}`;
    const pinned = options.pinnedIds.map((id) => `product:${id}`);
    this.matrix = new KeyMatrix(pinned);
    this.lane = new Lane((key) => this.matrix.has(key));
    this.verdict = new LiveVerdict({
      boundMs: BOUND_UNTIL_TOLD_MS,
      trace: (key, from, to) => this.trace.between(key, from, to),
      violated: ({ words }) => this.log.add('violation', null, words),
    });
    this.#gaps = new Gaps((replica, words) => this.#say('gap', replica, words));
    this.site = new Site(options.discovery, {
      applied: (replica, applied) => this.#applied(replica, applied),
      happened: (replica, name, data) => this.#happened(replica, name, data),
      state: (replica, before, now) => this.#state(replica, before, now),
      joined: (replica) => this.#say('joined', replica, 'joined the cluster'),
      left: (replica) => this.#left(replica),
      settings: (protocol, boundMs) => this.#settings(protocol, boundMs),
      mixed: (isMixed) => this.#mixed(isMixed),
      trouble: (text) => this.log.add('trouble', null, text),
    });
    this.tail = new OriginTail({
      databaseUrl: options.databaseUrl,
      ids: [...options.ids, ...options.pinnedIds, options.canaryId],
      committed: (commit) => this.#committed(commit),
      state: (follows) =>
        this.log.add('origin', null, follows ? 'the origin is followed' : 'the origin does not answer'),
    });
    this.direct = new Direct(
      options.url,
      (replica) => this.site.urlOf(replica),
      (operation) => this.ended(operation),
    );
    this.#peeks = new Peeks({
      replicas: () => this.site.serving(),
      keys: pinned,
      urgent: () => this.matrix.doubtful([...this.site.serving().keys()]),
      peeked: ({ replica, key, start, end, l1, probe }) => {
        this.matrix.peeked(replica, key, l1, start);
        if (!probe || l1 === null) return;
        const read = {
          client: 'probe',
          key,
          kind: 'read',
          level: 'bounded',
          start,
          end,
          outcome: 'ok',
          tier: 'L1',
        } as const;
        this.#order.own(end, () => this.verdict.add({ ...read, version: l1, replica }));
      },
    });
    this.canary = new Canary({
      key: this.#canaryKey,
      boundMs: () => this.verdict.boundMs,
      replicas: () => [...this.site.serving().keys()],
      quiet: () => this.quiet,
      read: (replica, trial) =>
        trial ? this.direct.readUnjudged(options.canaryId, replica) : this.direct.read(options.canaryId, replica),
      write: () => this.direct.write(options.canaryId),
      value: options.canaryValue,
      tried: (noticed) => {
        this.verdict.canary(Date.now(), noticed);
        const words = noticed ? 'and that was noticed' : 'and NOBODY noticed';
        this.log.add('canary', null, `an old value of the canary was put into Redis, ${words}`);
      },
      failed: (words) => this.log.add('trouble', null, words),
    });
  }

  start(): void {
    this.tail.start();
    this.site.start();
    this.#peeks.start();
    this.canary.start();
    this.#timer = setInterval(() => {
      this.lane.expect([...this.site.answering().keys()]);
      this.lane.sweep(performance.now());
    }, SWEEP_MS);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.canary.close();
    this.#peeks.close();
    this.site.close();
    await this.tail.close();
  }

  /** The replicas change their protocol: some speak the one, some the other. */
  get changing(): boolean {
    return this.#changes > 0;
  }

  /** An operation of the console's own, as it ends. */
  ended(operation: Operation): void {
    this.#order.own(operation.end, () => this.#judge(operation));
  }

  /** All operations of the clients' thread that have ended until a time. */
  endedElsewhere(operations: readonly Operation[], until: number): void {
    this.#order.others(operations, until);
  }

  fault(kind: string, target: string, text: string): void {
    this.trace.add(performance.now(), target, null, text);
    this.log.add(kind, target, text);
  }

  /**
   * Judges nothing until the replicas have changed their protocol, then begins anew; if they have not, all of them, when
   * they speak one again. They are asked, as an end of the change may mean that it failed half-way.
   */
  async whileMixed<T>(change: Promise<T>): Promise<T> {
    this.#changes++;
    this.verdict.hold();
    try {
      return await change;
    } finally {
      await this.site.ask();
      this.#changes--;
      this.#mixed(this.site.mixed);
    }
  }

  /** Forgets what was read; what is at the origin by now is known, and reads are held against it from the start. */
  beginVerdict(boundMs = this.verdict.boundMs): void {
    this.verdict.reset(boundMs);
    const now = performance.now();
    for (const [key, version] of this.tail.versions) this.verdict.committed(key, version, now, now);
  }

  /** The largest lag since this was last asked for, ms; null if nothing was applied. */
  takeLag(): number | null {
    const lag = this.#lagMost;
    this.#lagMost = -1;
    return lag < 0 ? null : lag;
  }

  matrixView(faults: readonly ActiveFault[]) {
    const answering = this.site.answering();
    // One that stands still holds what it held.
    const paused = (replica: string) => faults.some(({ kind, target }) => kind === 'pause' && target === replica);
    return this.matrix.view(this.site.names(), (name) => answering.has(name) || paused(name), performance.now());
  }

  #applied(replica: string, { clock, keys, via, lagMs }: Applied): void {
    const now = performance.now();
    this.matrix.dropped(replica, keys, now);
    this.#gaps.applied(replica, clock, keys, via, now);
    for (const key of keys)
      if (key.startsWith('product:')) this.lane.applied(replica, key, clock, lagMs, now, via === 'own');
    if (lagMs !== null) this.#lagMost = Math.max(this.#lagMost, lagMs);
    const late = lagMs === null ? '' : `, ${lagMs.toFixed(1)} ms late`;
    this.trace.add(
      now,
      replica,
      keys,
      () => `applied ${clock > 0 ? `invalidation ${clock}` : 'an invalidation'} by ${via}${late}`,
    );
  }

  #happened(replica: string, name: string, data: Readonly<Record<string, unknown>>): void {
    const now = performance.now();
    if (name === 'flush') this.matrix.flushed(replica, now);
    if (name === 'gap') this.#gaps.found(replica, Number(data.applied), Number(data.clock), now);
    const words = wordsOf(name, data);
    if (words === undefined) return;
    this.trace.add(now, replica, null, words);
    this.log.add(name, replica, words);
  }

  #state(replica: string, before: string | null, now: string | null): void {
    if (now === null || now === 'starting') {
      // Another process begins with nothing.
      this.matrix.forget(replica);
      this.#gaps.forget(replica);
    }
    this.#say('state', replica, before === null ? `${now}` : `${before}, now ${now ?? 'silent'}`);
  }

  #left(replica: string): void {
    this.matrix.forget(replica);
    this.#gaps.forget(replica);
    this.#say('left', replica, 'left the cluster');
  }

  #mixed(isMixed: boolean): void {
    if (this.changing) return;
    if (!isMixed) {
      this.beginVerdict();
      return;
    }
    this.verdict.hold();
    this.log.add('protocol', null, 'replicas speak two protocols: nothing is judged until all of them speak one');
  }

  #settings(protocol: Protocol, boundMs: number): void {
    if (this.changing || this.site.mixed) this.verdict.hold();
    else this.beginVerdict(boundMs);
    this.log.add('protocol', null, `${protocol} replicas, bound ${boundMs} ms: the verdict begins anew`);
  }

  #judge(operation: Operation): void {
    this.verdict.add(operation);
    this.matrix.answered(operation);
  }

  #committed({ key, version, begun, at }: Committed): void {
    this.#order.own(at, () => this.verdict.committed(key, version, begun, at));
    this.matrix.committed(key, version, at);
    this.lane.committed(key, version, at);
    // A probe must not meet what a trial has planted.
    if (key !== this.#canaryKey) this.#peeks.written(key, at);
    this.trace.add(at, 'origin', [key], () => `has version ${version} by now`);
  }

  #say(kind: string, replica: string, text: string): void {
    this.trace.add(performance.now(), replica, null, text);
    this.log.add(kind, replica, text);
  }
}
