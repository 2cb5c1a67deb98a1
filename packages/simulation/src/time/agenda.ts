import { Heap } from './heap.ts';

/** Runs microtasks and ticks until none is left, as Node does after each callback. Undocumented, so it may be missing. */
const settleAll = (process as { _tickCallback?: () => void })._tickCallback;

/** Who runs something: a process whose event loop may stand still, and which may have been replaced since. */
export interface Actor {
  /** Raised whenever the process ends: what was meant for the former one is void. */
  life: number;
  /** The event loop stands still; what arrives has to wait. */
  paused: boolean;
  readonly backlog: Happening[];
}

export interface Happening {
  at: number;
  /** Of two at one instant the one that was put down first comes first. */
  order: number;
  /** Taken back: it stays where it stands, and nothing comes of it. */
  void: boolean;
  run(): void;
  actor: Actor | null;
  life: number;
  /** Of the process' own; not something that arrives. */
  readonly timer: boolean;
}

/**
 * Virtual time: what will happen, in a binary heap, one thing after the other in one thread.
 *
 * The caches are real ones, so their promises settle by microtasks, and between two things that happen to them all of those
 * have to have run. No number of awaited promises guarantees that. What Node itself does after each callback does, and may be
 * asked for; where it may not, a tick that was put down from within a microtask runs when no microtask is left, for thrice as
 * much. What happens outside of the caches settles no promise and needs none of it.
 */
export class Agenda {
  /** Virtual ms. */
  now = 0;
  /** Of everything that happened and when: equal for equal runs. */
  hash = 0;
  happened = 0;
  /** What is on its way is soon there, and little; timers are many, and most of them are taken back. */
  readonly #near = new Heap();
  readonly #timers = new Heap();
  #orders = 0;
  /** Known in advance, so that it need not stand in the heap. */
  #planned: readonly { readonly at: number }[] = [];
  #next = 0;
  #plannedAt = Number.POSITIVE_INFINITY;
  #perform: (planned: never) => void = () => undefined;
  #loud = false;

  /** What is known in advance, ascending by time; before anything else that happens at the same instant. */
  plan<P extends { readonly at: number }>(planned: readonly P[], perform: (planned: P) => void): void {
    this.#planned = planned;
    this.#next = 0;
    this.#plannedAt = planned[0]?.at ?? Number.POSITIVE_INFINITY;
    this.#perform = perform as (planned: never) => void;
  }

  /** What happens now, outside of all processes, may settle promises of one nevertheless. */
  loud(): void {
    this.#loud = true;
  }

  /** Something outside of all processes. */
  at(at: number, run: () => void): Happening {
    return this.put({ at, order: 0, void: false, run, actor: null, life: 0, timer: false });
  }

  /** A turn of the event loop of a process, as it is now. */
  turn(actor: Actor, at: number, run: () => void, timer = false): Happening {
    return this.put({ at, order: 0, void: false, run, actor, life: actor.life, timer });
  }

  /** A thing that happens more than once, each time put down anew: it need not be made anew. */
  put(happening: Happening): Happening {
    happening.order = this.#orders++;
    if (happening.at < this.now) happening.at = this.now;
    (happening.timer ? this.#timers : this.#near).put(happening);
    return happening;
  }

  /** What a process could not do while it stood still, in this order, now. */
  resume(actor: Actor, backlog: readonly Happening[]): void {
    for (const happening of backlog) {
      happening.at = this.now;
      if (happening.life === actor.life) this.put(happening);
    }
  }

  /** Something is on its way, beside timers of processes that may do nothing. */
  get underway(): boolean {
    return this.#near.live;
  }

  /** Runs everything that is due until this time. Rejects with what is thrown on the way. */
  run(until: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const step = () => {
        try {
          while (this.#untilTurn(until)) {
            if (settleAll === undefined) {
              queueMicrotask(() => process.nextTick(step));
              return;
            }
            settleAll();
          }
          resolve();
        } catch (error) {
          reject(error);
        }
      };
      // Within a microtask no other one could be run.
      process.nextTick(step);
    });
  }

  /** True after a turn that may have settled promises, false when nothing is left until then. */
  #untilTurn(until: number): boolean {
    for (;;) {
      const heap = this.#near.before(this.#timers) ? this.#near : this.#timers;
      const { at } = heap;
      if (this.#plannedAt <= until && this.#plannedAt <= at) {
        this.#performNext();
        if (this.#loud) return true;
        continue;
      }
      if (at > until) break;
      const next = heap.take();
      if (next.void) continue;
      const { actor } = next;
      this.now = at;
      if (actor === null) {
        this.#note(at, next.order);
        this.#loud = false;
        next.run();
        if (this.#loud) return true;
      } else if (actor.life === next.life) {
        if (actor.paused) {
          actor.backlog.push(next);
          continue;
        }
        this.#note(at, next.order);
        next.run();
        return true;
      }
    }
    this.now = Math.max(this.now, until);
    return false;
  }

  #performNext(): void {
    this.#loud = false;
    const planned = this.#planned[this.#next++];
    this.now = Math.max(this.now, this.#plannedAt);
    this.#note(this.now, this.#next);
    this.#plannedAt =
      this.#next < this.#planned.length ? (this.#planned[this.#next]?.at ?? 0) : Number.POSITIVE_INFINITY;
    this.#perform(planned as never);
  }

  #note(at: number, order: number): void {
    this.happened++;
    this.hash = mixed(mixed(this.hash, order), at * 4_096);
  }

  mix(value: number): void {
    this.hash = mixed(this.hash, value);
  }
}

function mixed(hash: number, value: number): number {
  return Math.imul(hash ^ value, 0x01000193) ^ (hash >>> 15);
}
