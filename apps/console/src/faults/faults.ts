import { Refusal } from '../refusal.ts';
import type { ActiveFault, FaultKind } from '../shared/state.ts';
import { type Begun, CATALOGUE, type FaultOrder, REDIS_COMMANDS, type Scene } from './catalogue.ts';
import { isForbidden } from './redis.ts';

/** Faults at a time. */
const ACTIVE_MOST = 24;
const HOLD_DEFAULT_MS = 8_000;
const HOLD_MOST_MS = 300_000;
/** What happens in a moment is shown for so long, ms. */
const MOMENT_MS = 2_500;
/** A fault that could not be ended is tried again, so many times, this often, ms. */
const HEAL_TRIES = 20;
const HEAL_AGAIN_MS = 500;
const LATE_DEFAULT_MS = 400;
const LATE_MOST_MS = 30_000;

export interface FaultsOptions {
  readonly scene: Scene;
  readonly log: (kind: 'fault' | 'heal' | 'trouble', target: string, text: string) => void;
}

interface Held {
  readonly shown: ActiveFault;
  readonly parts: readonly string[];
  /** Settles when it has begun, or could not. */
  readonly beginning: Promise<unknown>;
  begun: Begun | null;
  timer: NodeJS.Timeout | undefined;
  ending: Promise<void> | null;
}

/** The faults that are on now. Each ends by itself when its time is over, and all of them with the console. */
export class Faults {
  readonly #options: FaultsOptions;
  readonly #held = new Map<string, Held>();
  /** What Redis does not let us do. */
  readonly #forbidden = new Set<FaultKind>();
  #number = 0;

  constructor(options: FaultsOptions) {
    this.#options = options;
  }

  all(): ActiveFault[] {
    return [...this.#held.values()].map(({ shown }) => shown);
  }

  /** What can be done here at all. */
  available(): Record<FaultKind, boolean> {
    const { control, redisUrl } = this.#options.scene;
    const has = { control: control !== null, redis: redisUrl !== null };
    const can = (kind: string, needs: 'control' | 'redis') => has[needs] && !this.#forbidden.has(kind as FaultKind);
    const kinds = Object.entries(CATALOGUE).map(([kind, { needs }]) => [kind, can(kind, needs)]);
    return Object.fromEntries(kinds) as Record<FaultKind, boolean>;
  }

  /** Asks Redis what this user may not do; where Redis cannot be asked, that is found out when it is tried. */
  async explore(): Promise<void> {
    const { redisUrl } = this.#options.scene;
    if (redisUrl === null) return;
    for (const [kind, command] of REDIS_COMMANDS) {
      if (await isForbidden(redisUrl, command)) this.#forbidden.add(kind);
    }
  }

  /** Begins one; resolves when it acts. Throws `Refusal` for what cannot be done, with the reason. */
  async begin(fields: Readonly<Record<string, unknown>>): Promise<{ id: string }> {
    const { kind, order } = this.#parse(fields);
    const type = CATALOGUE[kind];
    const parts = partsOf(type.holds, order.target, this.#options.scene.replicas());
    const holder = [...this.#held.values()].find((held) => held.parts.some((part) => parts.includes(part)));
    if (holder !== undefined) throw new Refusal(409, `not while this lasts: ${holder.shown.words}`);
    if (this.#held.size >= ACTIVE_MOST) throw new Refusal(409, `${ACTIVE_MOST} faults are on already`);
    const id = `f${++this.#number}`;
    const since = Date.now();
    const words = type.words(order);
    const shown = { id, kind, target: order.target, since, healsAt: since + order.holdMs, words };
    const begun = type.begin(this.#options.scene, order);
    const beginning = begun.catch(() => undefined);
    const held: Held = { shown, parts, beginning, begun: null, timer: undefined, ending: null };
    this.#held.set(id, held);
    this.#options.log('fault', order.target, words);
    try {
      held.begun = await begun;
    } catch (error) {
      this.#held.delete(id);
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.log('trouble', order.target, `could not be done: ${reason}`);
      throw error instanceof Refusal ? error : new Refusal(502, reason);
    }
    this.#hold(held, order.holdMs);
    return { id };
  }

  /**
   * Ends one before its time. One that is shown may still be beginning:
   *   1: a link is told to go silent   2: the fault is undone, of which nothing is there yet   3: the link is silent, and
   *   nobody knows of it any more.
   */
  async undo(id: string): Promise<void> {
    const held = this.#held.get(id);
    await held?.beginning;
    if (held === undefined || !this.#held.has(id)) throw new Refusal(404, 'that fault is over already');
    if (held.begun?.heal === null) throw new Refusal(409, 'that one cannot be hurried: it ends by itself');
    await this.#end(held);
  }

  /** Ends all that can be ended, those too that are still beginning. */
  async undoAll(): Promise<void> {
    await Promise.all(
      [...this.#held.values()].map(async (held) => {
        await held.beginning;
        if (held.begun?.heal) await this.#end(held);
      }),
    );
  }

  #hold(held: Held, holdMs: number): void {
    const { heal, over } = held.begun as Begun;
    if (over !== undefined) {
      over
        .catch((error: unknown) => {
          const reason = error instanceof Error ? error.message : String(error);
          this.#options.log('trouble', held.shown.target, reason);
        })
        .finally(() => this.#over(held));
      return;
    }
    held.timer = setTimeout(() => void this.#end(held), heal === null ? MOMENT_MS : holdMs);
  }

  #end(held: Held): Promise<void> {
    clearTimeout(held.timer);
    held.ending ??= this.#heal(held);
    return held.ending;
  }

  async #heal(held: Held): Promise<void> {
    for (let tries = 0; tries < HEAL_TRIES; tries++) {
      try {
        await held.begun?.heal?.();
        break;
      } catch (error) {
        // A replica that was scaled away has no link any more: then there is nothing to heal.
        if (tries === HEAL_TRIES - 1) {
          const reason = error instanceof Error ? error.message : String(error);
          this.#options.log('trouble', held.shown.target, `could not be healed: ${reason}`);
        } else await new Promise((resolve) => setTimeout(resolve, HEAL_AGAIN_MS));
      }
    }
    this.#over(held);
  }

  #over(held: Held): void {
    if (!this.#held.delete(held.shown.id)) return;
    this.#options.log('heal', held.shown.target, `over: ${held.shown.words}`);
  }

  #parse(fields: Readonly<Record<string, unknown>>): { kind: FaultKind; order: FaultOrder } {
    const { kind, target } = fields;
    const type = typeof kind === 'string' && Object.hasOwn(CATALOGUE, kind) ? CATALOGUE[kind as FaultKind] : undefined;
    if (type === undefined) throw new Refusal(400, `there is no fault ${JSON.stringify(kind)}`);
    const { scene } = this.#options;
    const replicas = scene.replicas();
    const only = { redis: 'redis', replicas: 'replicas', replica: null, 'replica or postgres': 'postgres' }[type.on];
    const isReplica = typeof target === 'string' && replicas.includes(target);
    const aimed = isReplica && type.on.startsWith('replica') && type.on !== 'replicas' ? (target as string) : only;
    if (aimed === null) throw new Refusal(400, `there is no replica ${JSON.stringify(target)}`);
    const order = {
      target: aimed,
      holdMs: numberIn(fields, 'holdMs', 0, HOLD_MOST_MS, HOLD_DEFAULT_MS),
      ms: numberIn(fields, 'ms', 0, LATE_MOST_MS, LATE_DEFAULT_MS),
      share: numberIn(fields, 'share', 0, 1, 1),
      loseData: fields.loseData === true,
      id: numberIn(fields, 'id', 1, Number.MAX_SAFE_INTEGER, scene.victimId),
    };
    return { kind: kind as FaultKind, order };
  }
}

/** `api-2 bus`: what a fault takes hold of. One on all replicas holds that part of each. */
function partsOf(holds: readonly string[], target: string, replicas: readonly string[]): string[] {
  if (holds.includes('moment')) return [];
  const targets = target === 'postgres' || target === 'replicas' ? replicas : [target];
  return targets.flatMap((one) => holds.map((part) => `${one} ${part}`));
}

/** A number of an order; absent: the default. Throws `Refusal` when it is none, or out of range. */
export function numberIn(
  fields: Readonly<Record<string, unknown>>,
  name: string,
  least: number,
  most: number,
  otherwise?: number,
): number {
  const value = fields[name] ?? otherwise;
  if (typeof value === 'number' && value >= least && value <= most) return value;
  throw new Refusal(400, `${name} has to be a number from ${least} to ${most}, not ${JSON.stringify(value)}`);
}
