import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What a listener has heard, and when: nanoseconds of the monotonic clock, as text, since messages are JSON. */
export interface Heard {
  readonly what: string;
  readonly at: string;
}

const NS_PER_MS = 1e6;
const PROGRAM = fileURLToPath(new URL('../processes/listener.ts', import.meta.url));

/** Processes that listen, each on a connection of its own, as replicas do. */
export class Listeners {
  readonly #children: readonly ChildProcess[];
  #what = '';
  #since = 0n;
  #lags: number[] = [];
  #left = 0;
  #done = Promise.withResolvers<void>();

  private constructor(children: readonly ChildProcess[]) {
    this.#children = children;
    for (const child of children) child.on('message', (heard: Heard) => this.#heard(heard));
  }

  /** Resolves when all of them listen. */
  static async open(count: number, env: Readonly<Record<string, string>>): Promise<Listeners> {
    const children = Array.from({ length: count }, (_, index) =>
      fork(PROGRAM, { env: { ...process.env, ...env, NAME: `${env.NAME}-${index + 1}` }, stdio: 'inherit' }),
    );
    const listeners = new Listeners(children);
    await listeners.send('ready', [], async () => undefined);
    return listeners;
  }

  /** From the call of `sending` until each has heard `what`, appended to `lags` in ms. */
  async send(what: string, lags: number[], sending: () => Promise<unknown>): Promise<void> {
    this.#what = what;
    this.#lags = lags;
    this.#left = this.#children.length;
    this.#done = Promise.withResolvers();
    this.#since = process.hrtime.bigint();
    await Promise.all([sending(), this.#done.promise]);
  }

  close(): void {
    for (const child of this.#children) child.disconnect();
  }

  #heard({ what, at }: Heard): void {
    if (what !== this.#what) return;
    this.#lags.push(Number(BigInt(at) - this.#since) / NS_PER_MS);
    if (--this.#left === 0) this.#done.resolve();
  }
}
