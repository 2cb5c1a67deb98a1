import { LINK_BUFFER_BYTES } from '../limits.ts';
import { frameEnd, isPushed, pushedAt } from './resp.ts';

/**
 * Takes whole pushed messages out of what Redis says on a subscription, and lets everything else through as it is.
 *
 * Nothing is parsed while nothing is to be lost, so it may begin in the middle of a frame: it then lets through what
 * comes until a message begins, and is in step from there. What is no RESP is let through, too, and so is a frame that
 * is longer than what a link may hold.
 */
export class MessageLoss {
  readonly #random: () => number;
  #inStep: boolean;
  #part: Buffer = Buffer.alloc(0);
  /** Of the messages, 0 to 1. */
  share: number;
  #lost = 0;

  /** `fromStart`: nothing has been said on the connection yet. `random` is in [0, 1). */
  constructor(share: number, fromStart: boolean, random: () => number) {
    this.share = share;
    this.#inStep = fromStart;
    this.#random = random;
  }

  /** Messages that it has taken out. */
  get lost(): number {
    return this.#lost;
  }

  /** What of it goes on, in pieces; the beginning of a frame is kept until its end has come. */
  take(chunk: Buffer): Buffer[] {
    const bytes = this.#part.length === 0 ? chunk : Buffer.concat([this.#part, chunk]);
    this.#part = Buffer.alloc(0);
    const kept: Buffer[] = [];
    let from = 0;
    let at = this.#inStep ? 0 : this.#begin(bytes);
    while (this.#inStep && at < bytes.length) {
      const end = frameEnd(bytes, at);
      if (end === null && bytes.length - at <= LINK_BUFFER_BYTES) {
        this.#part = bytes.subarray(at);
        break;
      }
      if (end === null || Number.isNaN(end)) {
        this.#inStep = false;
        at = bytes.length;
      } else if (isPushed(bytes, at) && this.#random() < this.share) {
        this.#lost++;
        kept.push(bytes.subarray(from, at));
        at = end;
        from = end;
      } else at = end;
    }
    kept.push(bytes.subarray(from, at));
    return kept.filter(({ length }) => length > 0);
  }

  /** What it has kept of a frame that is not complete; it is out of step then. */
  rest(): Buffer {
    const part = this.#part;
    this.#part = Buffer.alloc(0);
    this.#inStep = false;
    return part;
  }

  /** Where the first message begins, in step from there; the end of the bytes when none does. */
  #begin(bytes: Buffer): number {
    const at = pushedAt(bytes, 0);
    this.#inStep = at >= 0;
    return at < 0 ? bytes.length : at;
  }
}
