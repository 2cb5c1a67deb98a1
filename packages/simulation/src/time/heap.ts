import type { Happening } from './agenda.ts';

/** Things that it holds at first; it grows as it has to. */
const ROOM = 64;

/**
 * A binary heap: the first that happens is on top; of two at one instant the one that was put down first. Times and orders
 * stand in arrays of their own, as they are compared far more often than anything is done.
 */
export class Heap {
  readonly #heap: Happening[] = [];
  #times = new Float64Array(ROOM);
  #orders = new Int32Array(ROOM);

  /** Some of it was not taken back. */
  get live(): boolean {
    return this.#heap.some((happening) => !happening.void);
  }

  /** When the first happens; Infinity: nothing does. */
  get at(): number {
    return this.#heap.length === 0 ? Number.POSITIVE_INFINITY : (this.#times[0] as number);
  }

  before(other: Heap): boolean {
    const { at } = this;
    const then = other.at;
    return at < then || (at === then && (this.#orders[0] as number) < (other.#orders[0] as number));
  }

  put(happening: Happening): void {
    const heap = this.#heap;
    let place = heap.length;
    if (place === this.#times.length) this.#grow();
    heap.push(happening);
    const times = this.#times;
    const orders = this.#orders;
    const { at, order } = happening;
    while (place > 0) {
      const above = (place - 1) >>> 1;
      const time = times[above] as number;
      if (time < at || (time === at && (orders[above] as number) < order)) break;
      this.#put(place, heap[above] as Happening, time, orders[above] as number);
      place = above;
    }
    this.#put(place, happening, at, order);
  }

  /** Removes the first. There is one. */
  take(): Happening {
    const heap = this.#heap;
    const first = heap[0] as Happening;
    const last = heap.pop() as Happening;
    if (heap.length > 0) this.#sink(last, this.#times[heap.length] as number, this.#orders[heap.length] as number);
    return first;
  }

  /** From the top down, where nothing stands. */
  #sink(happening: Happening, at: number, order: number): void {
    const heap = this.#heap;
    const times = this.#times;
    const orders = this.#orders;
    const size = heap.length;
    let place = 0;
    for (let below = 1; below < size; below = 2 * place + 1) {
      if (below + 1 < size && isBefore(times, orders, below + 1, below)) below++;
      const time = times[below] as number;
      if (at < time || (at === time && order < (orders[below] as number))) break;
      this.#put(place, heap[below] as Happening, time, orders[below] as number);
      place = below;
    }
    this.#put(place, happening, at, order);
  }

  #put(place: number, happening: Happening, at: number, order: number): void {
    this.#heap[place] = happening;
    this.#times[place] = at;
    this.#orders[place] = order;
  }

  #grow(): void {
    const times = new Float64Array(2 * this.#times.length);
    const orders = new Int32Array(times.length);
    times.set(this.#times);
    orders.set(this.#orders);
    this.#times = times;
    this.#orders = orders;
  }
}

function isBefore(times: Float64Array, orders: Int32Array, one: number, other: number): boolean {
  const difference = (times[one] as number) - (times[other] as number);
  return difference < 0 || (difference === 0 && (orders[one] as number) < (orders[other] as number));
}
