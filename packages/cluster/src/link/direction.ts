import type { Socket } from 'node:net';
import { LINK_BUFFER_BYTES } from '../limits.ts';
import type { Fault } from './link.ts';

/** What waits for its time: a chunk, or the end of the stream (null), which keeps its place behind the chunks. */
interface Held {
  readonly dueAt: number;
  readonly chunk: Buffer | null;
}

/**
 * One direction of a connection: reads from `from`, writes to `to`, in order, late by what the fault says.
 *
 * Memory is bounded by not reading: over the limit, or when `to` takes no more, or in a black hole, `from` is paused and
 * TCP makes its sender wait. A paused socket also hides that the other side has closed, which a black hole has to.
 */
export class Direction {
  readonly #from: Socket;
  readonly #to: Socket;
  #held: Held[] = [];
  #bytes = 0;
  #latencyMs = 0;
  #open = true;
  #full = false;
  #stopped = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(from: Socket, to: Socket) {
    this.#from = from;
    this.#to = to;
    from.on('data', (chunk: Buffer) => this.#hold(chunk));
    from.on('end', () => this.#hold(null));
    to.on('drain', () => {
      this.#full = false;
      this.#forward();
    });
    from.pause();
  }

  set(fault: Fault | null): void {
    this.#open = fault?.kind !== 'blackhole' && fault?.kind !== 'down';
    this.#latencyMs = fault?.kind === 'latency' ? fault.ms : 0;
    // What was held under a longer latency need not wait for it any more.
    if (this.#latencyMs === 0) this.#held = this.#held.map((held) => ({ ...held, dueAt: 0 }));
    this.#forward();
  }

  stop(): void {
    this.#stopped = true;
    this.#held = [];
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #hold(chunk: Buffer | null): void {
    if (this.#stopped) return;
    this.#held.push({ dueAt: performance.now() + this.#latencyMs, chunk });
    this.#bytes += chunk?.length ?? 0;
    this.#forward();
  }

  #forward(): void {
    if (this.#stopped) return;
    while (this.#open && !this.#full) {
      const head = this.#held[0];
      if (head === undefined || head.dueAt > performance.now()) break;
      this.#held.shift();
      if (head.chunk === null) this.#to.end();
      else {
        this.#bytes -= head.chunk.length;
        this.#full = !this.#to.write(head.chunk);
      }
    }
    if (this.#open && !this.#full && this.#bytes < LINK_BUFFER_BYTES) this.#from.resume();
    else this.#from.pause();
    this.#wake();
  }

  /** Sets the timer for the head of what is held, unless something else (an opening, a drain) will come back to it. */
  #wake(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const head = this.#held[0];
    if (head === undefined || !this.#open || this.#full) return;
    this.#timer = setTimeout(() => this.#forward(), Math.max(1, head.dueAt - performance.now()));
  }
}
