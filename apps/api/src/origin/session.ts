import type { PoolClient, QueryResult, QueryResultRow } from 'pg';
import { OriginUnavailable } from './origin.ts';
import { endsConnection, isUnavailable } from './sqlstate.ts';

/**
 * One connection for as long as one piece of work has it. Whoever waits on it is never left hanging: when its limit
 * has passed, or it is cut, the socket is destroyed, and with it every query fails that waits for an answer.
 */
export class Session {
  readonly #client: PoolClient;
  #timer: NodeJS.Timeout | undefined;
  #late: NodeJS.Immediate | undefined;
  /** Why it was cut, if it was. */
  #reason: unknown;
  #cut = false;
  #broken = false;

  constructor(client: PoolClient) {
    this.#client = client;
  }

  /** False when nothing can be asked on it any more. */
  get usable(): boolean {
    return !this.#cut && !this.#broken;
  }

  /**
   * From now on it has so long, whatever was said before. It is cut in the turn after sockets were read:
   *   1: Postgres answers   2: this process stands still until the limit has passed   3: timers come before sockets.
   * Cut at 3, a connection would be lost for an answer that is there, and behind a COMMIT nobody would know what was done.
   */
  limit(ms: number): void {
    this.#unlimit();
    const cut = () => this.cut(new Error(`Postgres has not answered within ${ms} ms`));
    this.#timer = setTimeout(() => {
      this.#late = setImmediate(cut);
    }, ms);
  }

  #unlimit(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#late);
  }

  /**
   * Destroys the connection. A cancel request would need a connection of its own, to a server that may be the very
   * reason, and a statement left running on a connection that goes back to the pool would stand before the next one.
   */
  cut(reason: unknown): void {
    if (this.#cut) return;
    this.#cut = true;
    this.#reason = reason;
    this.#client.connection.stream.destroy();
  }

  /** Throws `OriginUnavailable`, or what Postgres says against the statement. */
  query<R extends QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<QueryResult<R>> {
    return this.#ask(() =>
      values.length === 0 ? this.#client.query<R>(text) : this.#client.query<R>(text, [...values]),
    );
  }

  /** Several statements in one message, with a result for each; those behind one that fails are not begun. */
  async queries(...texts: readonly [string, string, ...string[]]): Promise<readonly QueryResult[]> {
    // An array where there is more than one statement, which the types of `pg` do not know.
    return (await this.#ask(() => this.#client.query(texts.join('; ')))) as unknown as readonly QueryResult[];
  }

  async #ask<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (endsConnection(error)) this.#broken = true;
      if (this.#cut) throw new OriginUnavailable(this.#reason);
      throw isUnavailable(error) ? new OriginUnavailable(error) : error;
    }
  }

  /** Gives the connection back; one that is in doubt, or inside a transaction, is closed instead. */
  release(): void {
    this.#unlimit();
    this.#client.release(!this.usable || this.#client.getTransactionStatus() !== 'I');
  }
}
