import type { Sent } from '@lockstep/cache/core/replies';
import type { Caller } from '@lockstep/model/redis';
import type { Actor, Happening } from '../time/agenda.ts';
import type { Connection } from './connection.ts';
import type { RedisServer } from './redis.ts';

/** What Redis does for a request. */
export type Script = (server: RedisServer, caller: Caller) => unknown;

/** Who asked is told the answer, in the turn in which it comes, or that there is none. */
export type Told = (sent: Sent, reply: never) => void;

/**
 * One request on its way to Redis, and then its answer on the way back: the same object stands in the agenda for either, and
 * is the caller that the script sees. There are hundreds in each cluster.
 */
export class Call implements Happening, Caller {
  at = 0;
  order = 0;
  void = false;
  actor: Actor | null = null;
  life = 0;
  readonly timer = false;
  readonly epoch: string;
  readonly nonce: string;
  readonly partition: string;
  /** Redis' time when it was executed. */
  now = 0;
  sentAt = 0;
  /** Nobody waits any more: answered, timed out, or the connection was closed. */
  over = false;
  /** Will not be executed. */
  dropped = false;
  /** Its answer will not arrive. */
  lost = false;
  /** Virtual ms at which the answer arrives; Infinity as long as there is none. */
  answerAt = Number.POSITIVE_INFINITY;
  /** Where it goes. */
  server: RedisServer | null = null;
  reply: unknown = null;
  readonly #connection: Connection;
  readonly #script: Script;
  readonly #sent: Sent;
  readonly #told: Told;

  constructor(connection: Connection, script: Script, sent: Sent, caller: Omit<Caller, 'now'>, told: Told) {
    this.#connection = connection;
    this.#script = script;
    this.#sent = sent;
    this.epoch = caller.epoch;
    this.nonce = caller.nonce;
    this.partition = caller.partition ?? '';
    this.#told = told;
  }

  send(): void {
    this.#connection.send(this);
  }

  /** It has come to Redis, or the answer back. */
  run(): void {
    if (this.answerAt === Number.POSITIVE_INFINITY) this.#connection.arrived(this, this.server as RedisServer);
    else this.#connection.answered(this);
  }

  execute(server: RedisServer): void {
    this.now = server.time;
    this.reply = this.#script(server, this);
  }

  settle(reply: unknown): void {
    if (this.over) return;
    this.over = true;
    this.#told(this.#sent, reply as never);
  }
}
