import type { Unreachable } from '../../src/core/replies.ts';

interface Request {
  readonly execute: () => unknown;
  readonly answer: (reply: unknown) => void;
  reply?: unknown;
}

/** The command connection of one replica: requests on their way to Redis, and answers on their way back. */
export class Wire {
  readonly #sent: Request[] = [];
  readonly #executed: Request[] = [];

  /** Redis has nothing left to do. */
  get idle(): boolean {
    return this.#sent.length === 0;
  }

  send(request: Request): void {
    this.#sent.push(request);
  }

  /** Redis runs the next request. */
  execute(): void {
    const request = this.#sent.shift();
    if (request === undefined) return;
    request.reply = request.execute();
    this.#executed.push(request);
  }

  /** An answer arrives: the next one, or one that overtakes, as after a script was sent again. */
  deliver(overtaken = 0): void {
    const at = Math.min(overtaken, this.#executed.length - 1);
    const request = this.#executed.splice(Math.max(0, at), 1)[0];
    request?.answer(request.reply);
  }

  /** What is on its way now arrives; what that causes is on its way then. */
  flow(): void {
    for (let i = this.#sent.length; i > 0; i--) this.execute();
    for (let i = this.#executed.length; i > 0; i--) this.deliver();
  }

  /** `late`: answers that had arrived are processed after the close. Whoever gets none is told after `closing`. */
  close(executed: boolean, late: boolean, closing: () => void): void {
    while (executed && this.#sent.length > 0) this.execute();
    const lost = [...(late ? [] : this.#executed.splice(0)), ...this.#sent.splice(0)];
    closing();
    const reply: Unreachable = { is: 'unreachable', error: new Error('closed') };
    for (const request of lost) request.answer(reply);
  }
}
