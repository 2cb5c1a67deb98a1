import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Patience } from './patience.ts';
import { Problem, problemHeaders } from './problem.ts';

/** How long requests are begun in one turn of the event loop, ms. What they go on to do comes in later turns. */
const SLICE_MS = 2;
/** How long connections are accepted before requests are begun again, at most, ms. */
const ACCEPT_MS = 10;
/** Requests under way beyond which more are begun only when the loop has had nothing to do, and then so many more. */
const UNDER_WAY = 16;
/** How soon that is looked at again while so many are under way, ms. */
const LOOK_MS = 5;
/** Requests that wait; the next is turned away. A connection has one of them, unless its client pipelines. */
const WAITING = 10_000;

export interface DoorOptions {
  /** The replica, for `X-Served-By`. */
  readonly name: string;
  /** Targets of requests that never wait and are never turned away. */
  readonly urgent: readonly string[];
}

interface Waiting {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly serve: RequestListener;
  /** Since when, local ms. */
  readonly since: number;
}

/**
 * Where requests wait until the event loop has time for them, and are turned away (503 `overloaded`, nothing begun) when
 * it has none.
 *
 * One loop serves requests and the protocol. Were each request served as it is read, a thousand would come before a beat:
 *   1: the loop reads a thousand sockets and serves each   2: the beat, due meanwhile, is sent after the last of them
 *   3: its answer waits behind the next thousand   4: trust has run out, hits become loads, and the next thousand takes
 *   longer still.
 * So what is read is put in line here, and begun when everything has been read, answers of Redis and of the origin among
 * it; after a slice of time the others wait for the next turn. Whatever else is due, beats and relay rounds first of
 * all, waits for a turn at most, what was begun is finished before more is begun, and how late we are can be seen by the
 * line, which it cannot by buffers of the kernel.
 *
 * To begin is the smaller part: a page out of L2 is decoded and encoded when Redis has answered, in turns that no slice
 * bounds. So while the loop has no pause only so many are under way, and each of them is soon done. Who waits for
 * something, for a load or a lock, keeps nobody out: then there are pauses.
 */
export class Door {
  readonly #urgent: ReadonlySet<string>;
  readonly #patience = new Patience();
  readonly #body: string;
  /** Flat, for `writeHead`. */
  readonly #headers: string[];
  #line: Waiting[] = [];
  /** Those before it have left the line. */
  #first = 0;
  #scheduled = false;
  /** A connection was accepted in this turn. */
  #accepted = false;
  /** Since when that has been so in each turn, local ms. */
  #acceptingSince: number | undefined;
  #came = 0;
  #begun = 0;
  /** Begun, and neither answered nor given up. */
  #underWay = 0;
  readonly #ended = () => {
    this.#underWay--;
    if (this.waiting > 0) this.#schedule();
  };
  /** How long the loop has had nothing to do, ms, when that was last looked at. */
  #pausedMs = 0;
  #look: NodeJS.Timeout | undefined;
  #shed = 0;

  constructor({ name, urgent }: DoorOptions) {
    this.#urgent = new Set(urgent);
    const problem = new Problem('overloaded', 'There is too much to do. Nothing was begun; try again in a moment.');
    this.#body = problem.body;
    this.#headers = Object.entries(problemHeaders(problem, name, this.#body)).flat();
  }

  /** Requests turned away so far. */
  get shed(): number {
    return this.#shed;
  }

  /** Requests that wait now. */
  get waiting(): number {
    return this.#line.length - this.#first;
  }

  /** Serves the request in its turn, or answers it itself. */
  enter(request: IncomingMessage, response: ServerResponse, serve: RequestListener): void {
    if (this.#urgent.has(request.url ?? '')) serve(request, response);
    else if (this.waiting >= WAITING) this.#turnAway(request, response);
    else {
      this.#came++;
      this.#line.push({ request, response, serve, since: performance.now() });
      this.#schedule();
    }
  }

  /**
   * To be told of each connection. The loop accepts one per turn (libuv from 1.46), so with turns that are full of work
   * those that come wait where nobody sees them, until their clients give up and leave us dead ones to accept: while
   * they come, turns are kept short.
   */
  connected(): void {
    this.#accepted = true;
  }

  /** `setImmediate` runs when the sockets have been read, before timers are looked at and sockets are read again. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      const more = this.#accepted && this.#mayAccept(performance.now());
      this.#accepted = false;
      if (!more) this.#slice();
      if (this.waiting === 0) return;
      // No immediate, with which the loop would never pause.
      if (!more && this.#underWay >= UNDER_WAY) this.#look ??= setTimeout(this.#lookAgain, LOOK_MS);
      else this.#schedule();
    });
  }

  #mayAccept(now: number): boolean {
    this.#acceptingSince ??= now;
    return now - this.#acceptingSince < ACCEPT_MS;
  }

  readonly #lookAgain = () => {
    this.#look = undefined;
    this.#schedule();
  };

  /** True when the loop has waited for something to do since this was asked last. */
  #hasPaused(): boolean {
    const { idle } = performance.eventLoopUtilization();
    const paused = idle > this.#pausedMs;
    this.#pausedMs = idle;
    return paused;
  }

  #slice(): void {
    const began = performance.now();
    const longestMs = began - (this.#line[this.#first]?.since ?? began);
    const limitMs = this.#patience.look({ now: began, longestMs, came: this.#came, begun: this.#begun });
    // All of them now: an answer that says no is worth most when it comes soon, and costs little.
    let next = this.#line[this.#first];
    for (; next !== undefined && began - next.since > limitMs; next = this.#line[this.#first]) {
      this.#first++;
      if (!hasLeft(next)) this.#turnAway(next.request, next.response);
    }
    const many = this.#underWay + this.waiting > UNDER_WAY;
    const most = many && this.#hasPaused() ? this.#underWay + UNDER_WAY : UNDER_WAY;
    const end = performance.now() + SLICE_MS;
    for (; next !== undefined && this.#underWay < most; next = this.#line[this.#first]) {
      this.#first++;
      if (hasLeft(next)) continue;
      this.#begin(next);
      if (performance.now() >= end) break;
    }
    this.#acceptingSince = undefined;
    this.#line = this.#line.slice(this.#first);
    this.#first = 0;
  }

  #begin({ request, response, serve }: Waiting): void {
    this.#begun++;
    serve(request, response);
    // A hit in L1 is answered by now.
    if (response.writableEnded) return;
    this.#underWay++;
    response.on('close', this.#ended);
  }

  #turnAway(request: IncomingMessage, response: ServerResponse): void {
    this.#shed++;
    // The rest of its body would have to be read for the sake of the connection.
    if (!request.complete) response.shouldKeepAlive = false;
    response.writeHead(503, this.#headers);
    response.end(this.#body);
  }
}

/** Its client has closed the connection: nobody would read the answer. */
function hasLeft({ request }: Waiting): boolean {
  return request.socket.destroyed;
}
