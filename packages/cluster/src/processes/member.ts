import { ClusterError, reasonOf } from '../errors.ts';
import { ORDERS_WAITING, READY_LIMIT_MS, REVIVE_DELAY_MS } from '../limits.ts';
import { until, waited } from '../probe.ts';
import type { Report } from '../report.ts';
import { send } from '../run/process-table.ts';
import { type Child, describeExit, type Exit } from './child.ts';
import type { LogFile } from './log-file.ts';
import type { ReplicaSignal } from './replica-signal.ts';

/** What a member knows how to do: start its process, see whether it serves, end it in good order. */
export interface Service {
  readonly name: string;
  readonly log: LogFile;
  /** How it is asked to end while the cluster goes on, and how long that may take. */
  readonly endSignal: NodeJS.Signals;
  readonly endLimitMs: number;
  spawn(): Promise<Child>;
  /** One look; true when it serves. */
  serves(): Promise<boolean>;
}

/** How a member is restarted. */
export interface Restart {
  readonly kill: boolean;
  readonly downMs: number;
  /** Done before it is ended. */
  readonly whileUp?: () => void | Promise<void>;
  /** Done while it is down. */
  readonly whileDown?: () => void | Promise<void>;
}

/**
 * One member of the cluster and the process that is it at present.
 *
 * A process that ends without having been asked to is reported and started again a second later, again and again, as
 * what it died of may pass. Orders to one member are obeyed one after the other; members do not wait for each other.
 */
export class Member<S extends Service = Service> {
  readonly service: S;
  readonly #signal: AbortSignal;
  readonly #report: Report;
  #child: Child | null = null;
  #paused: Child | null = null;
  /** Also those that are being ended. */
  readonly #living = new Set<Child>();
  #upSince: number | null = null;
  /** False until the first start has succeeded: until then an end is the starter's to report. */
  #supervised = false;
  /** True while a restart waits for its new process, or for that one's successors, to serve. */
  #returning = false;
  #orders: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #lastWords = '';

  constructor(service: S, report: Report, signal: AbortSignal) {
    this.service = service;
    this.#report = report;
    this.#signal = signal;
  }

  get name(): string {
    return this.service.name;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** True from when it serves until its process ends. */
  get up(): boolean {
    return this.#upSince !== null;
  }

  /** When it began to serve, by the monotonic clock, ms; null when it does not. */
  get upSince(): number | null {
    return this.#upSince;
  }

  /** True from when it first served, also while it is down, until it is ended for good. */
  get started(): boolean {
    return this.#supervised;
  }

  /** True while its process stands still because it was sent SIGSTOP here. */
  get paused(): boolean {
    return this.#paused !== null && this.#paused === this.#child;
  }

  /** Sends its process a signal, at once, whatever is ordered; false when there is no process. */
  signal(signal: ReplicaSignal): boolean {
    const child = this.#child;
    if (child === null || !send(child.pid, signal)) return false;
    if (signal !== 'SIGKILL') this.#paused = signal === 'SIGSTOP' ? child : null;
    return true;
  }

  /** Starts it for the first time; fails when it ends, or does not serve within the limit, and leaves nothing then. */
  start(): Promise<void> {
    return this.order(async () => {
      const child = await this.#spawn();
      try {
        await this.#ready(child);
      } catch (error) {
        await this.#end((one) => one.kill());
        throw error;
      }
      this.#supervised = true;
      // It has ended since, unsupervised.
      if (child.exit !== null && this.#child === null) void this.#revive(child.exit);
    });
  }

  /** Ends it, leaves it down, starts it again; returns when it serves. */
  restart({ kill, downMs, whileUp, whileDown }: Restart): Promise<void> {
    return this.order(async () => {
      if (!this.#supervised) throw new ClusterError('E_CLUSTER_NO_MEMBER', `${this.name} does not run any more`);
      await whileUp?.();
      await this.#end((child) => (kill ? child.kill() : child.stop(this.service.endSignal, this.service.endLimitMs)));
      await whileDown?.();
      await waited(downMs, this.#signal);
      await this.#again();
    });
  }

  /** Ends it for good, in good order. */
  retire(): Promise<void> {
    return this.order(async () => {
      this.#supervised = false;
      await this.#end((child) => child.stop(this.service.endSignal, this.service.endLimitMs));
    });
  }

  /** Ends it when the whole cluster ends, whatever was ordered: the cluster's signal has ended all waits before. */
  async stop(signal: NodeJS.Signals, limitMs: number): Promise<void> {
    this.#supervised = false;
    await Promise.all([...this.#living].map((child) => child.stop(signal, limitMs)));
    await this.#orders;
  }

  /** Does something with this member when what was ordered before is done. */
  async order<T>(work: () => Promise<T>): Promise<T> {
    this.#signal.throwIfAborted();
    if (this.#waiting >= ORDERS_WAITING) {
      throw new ClusterError(
        'E_CLUSTER_BUSY',
        `${this.name} has ${this.#waiting} orders to obey: wait for them before you give another`,
      );
    }
    this.#waiting++;
    const done = this.#orders.then(() => {
      this.#signal.throwIfAborted();
      return work();
    });
    this.#orders = done.catch(() => undefined);
    try {
      return await done;
    } finally {
      this.#waiting--;
    }
  }

  async #spawn(): Promise<Child> {
    const child = await this.service.spawn();
    this.#child = child;
    this.#living.add(child);
    void child.exited.then((exit) => this.#ended(child, exit));
    // The cluster began to stop meanwhile, and whoever stops has not seen this process.
    if (this.#signal.aborted) await this.#end((late) => late.kill());
    this.#signal.throwIfAborted();
    return child;
  }

  /** Waits until this very process serves. */
  async #ready(child: Child): Promise<void> {
    await until(
      `${this.name} serving`,
      async () => {
        if (child.exit !== null) throw this.#diedEarly(child.exit);
        return (await this.service.serves()) && child.exit === null;
      },
      { limitMs: READY_LIMIT_MS, signal: this.#signal },
    );
    this.#upSince = performance.now();
  }

  #diedEarly(exit: Exit): ClusterError {
    return new ClusterError(
      'E_CLUSTER_START',
      `${this.name} ended with ${describeExit(exit)} before it served; the end of its log:\n${this.service.log.end()}`,
    );
  }

  /** Starts it again, and lets the supervisor repeat that, until it serves. */
  async #again(): Promise<void> {
    let child: Child;
    try {
      child = await this.#spawn();
    } catch (error) {
      if (!this.#signal.aborted) void this.#revive(null);
      throw error;
    }
    this.#readyOrReported(child);
    this.#returning = true;
    try {
      await until(`${this.name} serving again`, () => this.up, { limitMs: READY_LIMIT_MS, signal: this.#signal });
    } catch (error) {
      this.#signal.throwIfAborted();
      throw new ClusterError('E_CLUSTER_NOT_READY', `${reasonOf(error)}; ${this.#lastWords}`, { cause: error });
    } finally {
      this.#returning = false;
    }
  }

  #ended(child: Child, exit: Exit): void {
    this.#living.delete(child);
    if (this.#child !== child) return;
    this.#child = null;
    this.#upSince = null;
    if (this.#supervised) void this.#revive(exit);
  }

  /** Reports an end, and starts the member again after a second; each end of a supervised process leads here once. */
  async #revive(exit: Exit | null): Promise<void> {
    if (exit !== null) {
      this.#lastWords = `it ended with ${describeExit(exit)}, and the end of its log says:\n${this.service.log.end()}`;
      this.#report(`${this.name} was not asked to end: ${this.#lastWords}`);
    }
    while (this.#supervised && !this.#signal.aborted) {
      try {
        await waited(REVIVE_DELAY_MS, this.#signal);
        // As an order, so that it comes neither into the pause of a restart nor beside its new process. But not behind a
        // restart whose new process it was: 1: that dies   2: we wait for the restart's end   3: the restart waits, all of
        // its time, for what nobody starts.
        const child = await (this.#returning ? this.#respawn() : this.order(() => this.#respawn()));
        if (child !== null) this.#readyOrReported(child, `${this.name} serves again`);
        return;
      } catch (error) {
        if (!this.#signal.aborted) this.#report(`${this.name} cannot be started again: ${reasonOf(error)}`);
      }
    }
  }

  /** Null when it is not needed: somebody else has started it since, or it was ended for good. */
  async #respawn(): Promise<Child | null> {
    return this.#supervised && this.#child === null ? this.#spawn() : null;
  }

  #readyOrReported(child: Child, news?: string): void {
    this.#ready(child).then(
      () => news !== undefined && this.#report(news),
      (error: unknown) => {
        // That it ended is reported where its end is noticed.
        if (!this.#signal.aborted && this.#child === child) this.#report(reasonOf(error));
      },
    );
  }

  /** Ends the present process; from here on its end is asked for. */
  async #end(how: (child: Child) => Promise<unknown>): Promise<void> {
    const child = this.#child;
    this.#child = null;
    this.#upSince = null;
    if (child !== null) await how(child);
  }
}
