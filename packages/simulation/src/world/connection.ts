import type { Unreachable } from '@lockstep/cache/core/replies';
import type { PortEvents } from '@lockstep/cache/ports';
import type { Actor, Agenda } from '../time/agenda.ts';
import type { Call } from './call.ts';
import type { Network } from './network.ts';
import type { RedisServer } from './redis.ts';

/** Between two tries to connect, ms; doubled up to the most. As ioredis is told to in the product. */
const RETRY_MS = 25;
const RETRY_MOST_MS = 250;
/** From the close of a socket until its owner hears of it, ms. */
const NOTICE_MS = 0.1;

export interface Surroundings {
  readonly agenda: Agenda;
  readonly actor: Actor;
  readonly network: Network;
  /** Where a connection that is made now goes. */
  readonly address: () => RedisServer;
  /** After so many virtual ms without an answer a command has failed, and the socket with it. */
  readonly timeoutMs: number;
}

const CLOSED: Unreachable = { is: 'unreachable', error: new Error('Connection is closed.') };
const TIMED_OUT: Unreachable = { is: 'unreachable', error: new Error('Command timed out') };

/**
 * The command connection of one cache: requests in order to Redis, answers in order back, one socket at a time, nothing
 * queued and nothing resent, as packages/cache/src/redis/connection.ts. When it closes, what was on its way has been executed
 * or not, and no answer comes; what had come before the close and waits for a process that stands still is still read.
 */
export class Connection {
  readonly #around: Surroundings;
  readonly #events: PortEvents;
  #server: RedisServer | null = null;
  #ready = false;
  #silent = false;
  #pending: Call[] = [];
  #arrivesAt = 0;
  #answersAt = 0;
  #attempts = 0;
  #closing = false;

  constructor(around: Surroundings, events: PortEvents) {
    this.#around = around;
    this.#events = events;
  }

  get usable(): boolean {
    return this.#ready && !this.#silent;
  }

  get ready(): boolean {
    return this.#ready;
  }

  connect(): void {
    const { agenda, actor, network } = this.#around;
    agenda.turn(actor, agenda.now + network.latency() * 2, () => this.#connected());
  }

  send(call: Call): void {
    const { agenda, network } = this.#around;
    call.sentAt = agenda.now;
    this.#pending.push(call);
    const server = this.#server;
    // The socket is closed, and this process does not know yet.
    if (server === null) return;
    this.#arrivesAt = Math.max(this.#arrivesAt, agenda.now + network.latency());
    // NOSCRIPT: nothing ran, and it is sent again, behind whatever was sent meanwhile.
    const again = network.sendsAgain() ? network.latency() + network.latency() : 0;
    call.server = server;
    call.at = this.#arrivesAt + again;
    agenda.put(call);
  }

  /** What timers do first in a process that has stood still: nobody waits for an answer any more that came too late. */
  timeOut(): void {
    const { agenda, timeoutMs } = this.#around;
    const late = this.#pending.filter(({ sentAt }) => agenda.now - sentAt > timeoutMs);
    if (late.length === 0) return;
    for (const call of late) this.#timedOut(call);
    this.cut();
  }

  /** The socket is gone; this process hears of it as soon as it listens. */
  cut(): void {
    if (this.#server === null) return;
    const { agenda, actor, network } = this.#around;
    this.#server.connections.delete(this);
    this.#server = null;
    const underway = this.#pending.filter(({ answerAt }) => answerAt === Number.POSITIVE_INFINITY);
    for (const call of underway.slice(network.survivors(underway.length))) call.dropped = true;
    for (const call of this.#pending) call.lost ||= call.answerAt > agenda.now;
    agenda.turn(actor, agenda.now + NOTICE_MS, () => this.#closed());
  }

  /** For good. */
  end(): void {
    this.#closing = true;
    this.#server?.connections.delete(this);
    this.#server = null;
    this.#ready = false;
  }

  #connected(): void {
    if (this.#closing) return;
    const { agenda, actor, network } = this.#around;
    const server = this.#around.address();
    if (server.down || network.requestsLost || network.repliesLost) {
      const wait = Math.min(RETRY_MS * 2 ** this.#attempts++, RETRY_MOST_MS);
      agenda.turn(actor, agenda.now + wait, () => this.#connected());
      return;
    }
    this.#attempts = 0;
    this.#server = server;
    server.connections.add(this);
    this.#ready = true;
    this.#silent = false;
    this.#arrivesAt = 0;
    this.#answersAt = 0;
    this.#events.ready();
  }

  #closed(): void {
    if (this.#closing) return;
    const { agenda, actor } = this.#around;
    this.#ready = false;
    this.#events.closed();
    const pending = this.#pending;
    this.#pending = [];
    for (const call of pending) call.settle(CLOSED);
    agenda.turn(actor, agenda.now + RETRY_MS, () => this.#connected());
  }

  /** At Redis, in the order of sending. */
  arrived(call: Call, server: RedisServer): void {
    const { agenda, network, actor } = this.#around;
    if (server.stalledUntil > agenda.now) {
      call.at = server.stalledUntil;
      agenda.put(call);
      return;
    }
    if (call.dropped || server.down) return;
    const closed = this.#server !== server;
    if (network.requestsLost && !closed) {
      this.#overdue(call);
      return;
    }
    call.execute(server);
    server.deliver();
    if (closed) return;
    if (network.repliesLost) {
      this.#overdue(call);
      return;
    }
    this.#answersAt = Math.max(this.#answersAt, agenda.now + network.latency());
    call.answerAt = this.#answersAt;
    call.at = call.answerAt;
    call.actor = actor;
    call.life = actor.life;
    agenda.put(call);
    if (call.answerAt - call.sentAt > this.#around.timeoutMs) this.#overdue(call);
  }

  answered(call: Call): void {
    if (call.lost || call.over) return;
    this.#forget(call);
    this.#silent = false;
    const reply = call.reply as { readonly is: string };
    call.settle(reply);
    // A server that refuses scripts is not the primary: another address may be.
    if (reply.is === 'unreachable') this.cut();
  }

  /** Nothing will answer it in time. */
  #overdue(call: Call): void {
    const { agenda, actor, timeoutMs } = this.#around;
    agenda.turn(actor, call.sentAt + timeoutMs, () => {
      if (call.over) return;
      this.#timedOut(call);
      this.cut();
    });
  }

  #timedOut(call: Call): void {
    this.#silent = true;
    this.#forget(call);
    call.settle(TIMED_OUT);
  }

  /** Nearly always the first. */
  #forget(call: Call): void {
    if (this.#pending[0] === call) this.#pending.shift();
    else this.#pending.splice(this.#pending.indexOf(call), 1);
  }
}
