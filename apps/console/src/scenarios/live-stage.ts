import { setTimeout as pause } from 'node:timers/promises';
import type { Operation } from '@lockstep/history';
import type { Control } from '../cluster/control.ts';
import type { Faults } from '../faults/faults.ts';
import type { Observer } from '../observe/observer.ts';
import type { Protocol, Verdict } from '../shared/state.ts';
import type { Clients } from '../traffic/clients.ts';
import type { Stage } from './scenario.ts';

const LOOK_MS = 25;
/** Between two reads of a replica that is read again and again, ms. */
const READ_MS = 15;
/** How long a replica may take to keep what it is asked for, and a write to be acknowledged, ms. */
const WARM_MS = 30_000;
const CHANGE_MS = 30_000;

export interface LiveStageParts {
  readonly protocol: Protocol;
  readonly ids: readonly number[];
  readonly observer: Observer;
  readonly clients: Clients;
  readonly faults: Faults;
  readonly control: Control;
  readonly signal: AbortSignal;
}

/** The stage of a scenario is the running cluster. */
export class LiveStage implements Stage {
  readonly #parts: LiveStageParts;

  constructor(parts: LiveStageParts) {
    this.#parts = parts;
  }

  get protocol(): Protocol {
    return this.#parts.protocol;
  }

  get ids(): readonly number[] {
    return this.#parts.ids;
  }

  replicas(): string[] {
    return this.#parts.observer.site.names();
  }

  victim(): string {
    const names = this.replicas();
    return names[Math.min(1, names.length - 1)] ?? '';
  }

  traffic(settings: Parameters<Clients['set']>[0]): void {
    this.#parts.clients.set(settings);
  }

  readersOnly(): void {
    this.traffic({ writesPercent: 0 });
  }

  async fault(fields: Readonly<Record<string, unknown>>): Promise<() => Promise<void>> {
    this.#parts.signal.throwIfAborted();
    const { faults } = this.#parts;
    const { id } = await faults.begin(fields);
    // It may be over by then.
    return () => faults.undo(id).catch(() => undefined);
  }

  read(id: number, replica: string | null): Promise<Operation | null> {
    this.#parts.signal.throwIfAborted();
    return this.#parts.observer.direct.read(id, replica);
  }

  write(id: number, replica: string | null = null): Promise<Operation | null> {
    this.#parts.signal.throwIfAborted();
    return this.#parts.observer.direct.write(id, replica);
  }

  async change(ids: readonly number[]): Promise<void> {
    const writer = this.replicas().find((name) => name !== this.victim());
    if (writer === undefined) throw new Error('nobody else is there who could write: two replicas are needed');
    const since = performance.now();
    for (const id of ids) {
      while ((await this.write(id, writer))?.outcome !== 'ok') {
        if (performance.now() - since > CHANGE_MS) throw new Error(`${writer} does not change product ${id}`);
        await this.wait(READ_MS);
      }
    }
  }

  async warm(ids: readonly number[], replica: string): Promise<void> {
    const since = performance.now();
    for (const id of ids) {
      while ((await this.read(id, replica))?.tier !== 'L1') {
        if (performance.now() - since > WARM_MS) throw new Error(`${replica} does not keep product ${id}`);
        await this.wait(READ_MS);
      }
    }
  }

  async readFor(ms: number, ids: readonly number[], replica: string): Promise<void> {
    const since = performance.now();
    for (let turn = 0; performance.now() - since < ms; turn++) {
      await this.read(ids[turn % ids.length] ?? 1, replica);
      await this.wait(READ_MS);
    }
    for (const id of ids) await this.read(id, replica);
  }

  async wait(ms: number): Promise<void> {
    const { signal } = this.#parts;
    await pause(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
  }

  async until(look: () => boolean, ms: number): Promise<boolean> {
    const since = performance.now();
    while (!look()) {
      if (performance.now() - since > ms) return false;
      await this.wait(LOOK_MS);
    }
    return true;
  }

  async scale(replicas: number): Promise<void> {
    await this.during(this.#parts.control.scale(replicas));
    await this.#parts.observer.site.refresh();
  }

  ready(): boolean {
    return this.#parts.observer.site.allReady;
  }

  calm(): boolean {
    return this.#parts.faults.all().length === 0;
  }

  originLoads(): number {
    return this.#parts.observer.site.originLoads;
  }

  verdict(): Verdict {
    return this.#parts.observer.verdict.view();
  }

  /** Waits for work that cannot be ended, unless the scenario is. */
  async during(work: Promise<unknown>): Promise<void> {
    const { signal } = this.#parts;
    signal.throwIfAborted();
    const ended = Promise.withResolvers<never>();
    const abort = () => ended.reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    work.catch(() => undefined);
    try {
      await Promise.race([work, ended.promise]);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }
}
