import type { Socket } from 'node:net';
import { LINK_BUFFER_BYTES, LINK_CHUNK_BYTES, LINK_SLICE_MS } from '../limits.ts';
import type { Fault } from './fault.ts';
import { MessageLoss } from './message-loss.ts';

/** What waits for its time: a chunk, or the end of the stream (null), which keeps its place behind the chunks. */
interface Held {
  readonly dueAt: number;
  readonly chunk: Buffer | null;
}

export interface DirectionOptions {
  /** True of what Redis says: where messages can be lost. */
  readonly pushes: boolean;
  /** In [0, 1): drawn for each piece by jitter, and for each message that may be lost. */
  readonly random: () => number;
  readonly lost: (messages: number) => void;
}

/**
 * One direction of a connection: takes what was read from `from`, writes to `to`, in order, late by what the fault says.
 *
 * Memory is bounded by not reading: over the limit, or when `to` takes no more, or in a black hole, `from` is paused and
 * TCP makes its sender wait. A paused socket also hides that the other side has closed, which a black hole has to.
 */
export class Direction {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #options: DirectionOptions;
  #fault: Fault | null = null;
  /** Nothing is wrong, nothing waits: what comes is written at once. Most of a link's life. */
  #through = false;
  #held: Held[] = [];
  #bytes = 0;
  /** When the next slice may go, under a limit. */
  #nextAt = 0;
  #loss: MessageLoss | null = null;
  #heard = false;
  #full = false;
  #stopped = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(from: Socket, to: Socket, options: DirectionOptions) {
    this.#from = from;
    this.#to = to;
    this.#options = options;
    from.on('end', () => this.#end());
    to.on('drain', () => {
      this.#full = false;
      this.#forward();
    });
    from.pause();
  }

  set(fault: Fault | null): void {
    this.#fault = fault;
    this.#lose(fault?.kind === 'lose' ? fault.share : null);
    // What was held under a longer delay need not wait for it any more.
    const latest = performance.now() + (fault !== null && 'ms' in fault ? fault.ms : 0);
    this.#held = this.#held.map(({ dueAt, chunk }) => ({ dueAt: Math.min(dueAt, latest), chunk }));
    this.#forward();
  }

  stop(): void {
    this.#stopped = true;
    this.#held = [];
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  /** A piece that `from` has read. True when its memory may be used again; otherwise it is on its way, and whose it was may not. */
  take(chunk: Buffer): boolean {
    if (this.#stopped) return true;
    this.#heard = true;
    if (this.#through) return this.#pass(chunk);
    const own = Buffer.from(chunk);
    if (this.#loss === null) this.#hold(own);
    else {
      const before = this.#loss.lost;
      for (const part of this.#loss.take(own)) this.#hold(part);
      this.#options.lost(this.#loss.lost - before);
    }
    this.#forward();
    return true;
  }

  /** The kernel takes nearly all of it at once, and nothing is left to be kept. */
  #pass(chunk: Buffer): boolean {
    // What has to wait behind something is copied: for a small piece all that it was read into would be kept.
    const waits = this.#to.writableLength > 0;
    if (!this.#to.write(waits ? Buffer.from(chunk) : chunk)) {
      this.#full = true;
      this.#through = false;
      this.#from.pause();
    }
    return waits || this.#to.writableLength === 0;
  }

  #end(): void {
    if (this.#stopped) return;
    this.#lose(null);
    this.#hold(null);
    this.#forward();
  }

  /** Begins to lose this share, or ends it (null), and lets go what of a message is there. */
  #lose(share: number | null): void {
    if (share !== null && this.#options.pushes) {
      this.#loss ??= new MessageLoss(share, !this.#heard, this.#options.random);
      this.#loss.share = share;
    } else if (this.#loss !== null) {
      const rest = this.#loss.rest();
      this.#loss = null;
      if (rest.length > 0) this.#hold(rest);
    }
  }

  #hold(chunk: Buffer | null): void {
    this.#held.push({ dueAt: performance.now() + this.#delayMs(), chunk });
    this.#bytes += weightOf(chunk);
  }

  /** Drawn anew for each piece; that they keep their order is the queue's doing, whose head alone is looked at. */
  #delayMs(): number {
    const fault = this.#fault;
    if (fault?.kind === 'latency') return fault.ms;
    return fault?.kind === 'jitter' ? this.#options.random() * fault.ms : 0;
  }

  #forward(): void {
    if (this.#stopped) return;
    while (this.#open && !this.#full) {
      const head = this.#held[0];
      if (head === undefined || this.#dueAt(head) > performance.now()) break;
      if (this.#fault?.kind === 'limit' && head.chunk !== null) this.#slice(head.chunk, this.#fault.bytesPerSecond);
      const { chunk } = this.#held.shift() ?? head;
      this.#bytes -= weightOf(chunk);
      if (chunk === null) this.#to.end();
      else this.#full = !this.#to.write(chunk);
    }
    if (this.#open && !this.#full && this.#bytes < LINK_BUFFER_BYTES) this.#from.resume();
    else this.#from.pause();
    this.#through = (this.#fault === null || this.#isDeaf) && !this.#full && this.#held.length === 0;
    this.#wake();
  }

  /** A fault that is none for this direction. */
  get #isDeaf(): boolean {
    return this.#fault?.kind === 'lose' && this.#loss === null;
  }

  get #open(): boolean {
    const kind = this.#fault?.kind;
    return kind !== 'blackhole' && kind !== 'down' && kind !== 'reset';
  }

  #dueAt({ dueAt }: Held): number {
    return this.#fault?.kind === 'limit' ? Math.max(dueAt, this.#nextAt) : dueAt;
  }

  /** Leaves at the head no more of it than goes now, and says when the rest may: an even flow, not 64 KiB at a time. */
  #slice(chunk: Buffer, bytesPerSecond: number): void {
    const bytes = Math.min(chunk.length, Math.max(1, Math.ceil((bytesPerSecond * LINK_SLICE_MS) / 1_000)));
    const now = performance.now();
    // A timer that came late is made up for, by a slice at most, or the flow would be less than the limit.
    this.#nextAt = Math.max(this.#nextAt, now - LINK_SLICE_MS) + (bytes / bytesPerSecond) * 1_000;
    if (bytes === chunk.length) return;
    const parts = [chunk.subarray(0, bytes), chunk.subarray(bytes)];
    this.#held.splice(0, 1, ...parts.map((part) => ({ dueAt: now, chunk: part })));
    this.#bytes += parts.reduce((sum, part) => sum + weightOf(part), -weightOf(chunk));
  }

  /** Sets the timer for the head of what is held, unless something else (an opening, a drain) will come back to it. */
  #wake(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const head = this.#held[0];
    if (head === undefined || !this.#open || this.#full) return;
    this.#timer = setTimeout(() => this.#forward(), Math.max(1, this.#dueAt(head) - performance.now()));
  }
}

/** What it counts for in memory: small ones cost more than their bytes. */
function weightOf(chunk: Buffer | null): number {
  return chunk === null ? 0 : Math.max(chunk.length, LINK_CHUNK_BYTES);
}
