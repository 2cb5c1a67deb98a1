import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import { clientErrorAnswer } from './client-error.ts';
import type { Door } from './door.ts';
import { Problem, sendProblem } from './problem.ts';

/** Longer than nginx keeps a connection (4 s), so that it is never we who close one that it is about to use. */
const KEEP_ALIVE_MS = 15_000;
/** How long a client may take for its headers, and for its whole request. */
const HEADERS_MS = 10_000;
const REQUEST_MS = 15_000;
/** How often those are looked at. */
const CHECK_MS = 1_000;
/** A connection on which nothing moves for this long is closed, whoever is to blame. */
const IDLE_MS = 120_000;
/** Bytes of all headers: what nginx lets through (32 KiB), and what it adds. */
const HEADER_BYTES = 40 << 10;
const CONNECTIONS = 10_000;
/** Connections that the kernel keeps for us until we accept them: when it drops one, its client waits for a second. */
const BACKLOG = 4_096;
/** While connections are waited for: how often those are closed that have become idle. */
const SWEEP_MS = 25;

export interface ListenerOptions {
  /** For problems that are found before there is a request. */
  readonly name: string;
  readonly handler: RequestListener;
  /** Where requests wait for their turn; without one each is served as it is read. */
  readonly door?: Door;
  /** Told of each request when its answer has been sent, or cannot be any more. */
  readonly served?: (request: IncomingMessage, response: ServerResponse, ms: number) => void;
}

/** An HTTP server that is bounded in everything, and that can leave without failing a request. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #inFlight = new Set<ServerResponse>();
  #leaving = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
    const limits = {
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: HEADERS_MS,
      requestTimeout: REQUEST_MS,
      connectionsCheckingInterval: CHECK_MS,
      maxHeaderSize: HEADER_BYTES,
      // Looked at below: Node's own answer would be no problem (RFC 9457).
      requireHostHeader: false,
    };
    const serve: RequestListener = (request, response) => this.#serve(request, response);
    this.#server = createServer(limits, serve);
    this.#server.maxConnections = CONNECTIONS;
    this.#server.timeout = IDLE_MS;
    // Nothing is expected of us that we could refuse; the request is answered as it is.
    this.#server.on('checkExpectation', serve);
    this.#server.on('clientError', (error, socket) => this.#refuse(error, socket as Socket));
    this.#server.on('connection', (socket) => {
      options.door?.connected();
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /** Resolves to the port; rejects when it cannot be had. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, BACKLOG, () => {
        this.#server.off('error', reject);
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  /**
   * Leaves: refuses new connections at once, finishes what is in flight, and for `quietMs` goes on answering requests
   * on connections that are kept alive, each with `Connection: close`. Idle ones are closed then:
   *   1: nginx takes an idle connection and writes a request   2: we close the connection   3: the request is reset.
   * In the quiet time 2 comes after an answer that told nginx of it. Whoever is left after `limitMs` is cut off.
   */
  async leave(quietMs: number, limitMs: number): Promise<void> {
    this.#leaving = true;
    for (const response of this.#inFlight) if (!response.headersSent) response.shouldKeepAlive = false;
    // Not http's own `close`, which ends idle connections at once.
    const gone = new Promise<void>((resolve) => NetServer.prototype.close.call(this.#server, () => resolve()));
    const quiet = setTimeout(() => this.#sweepUntilGone(gone), quietMs);
    const limit = setTimeout(() => this.#server.closeAllConnections(), limitMs);
    await gone;
    clearTimeout(quiet);
    clearTimeout(limit);
    // Stops the look at time limits.
    this.#server.close();
  }

  /** Cuts everybody off. */
  close(): Promise<void> {
    return this.leave(0, 0);
  }

  #sweepUntilGone(gone: Promise<void>): void {
    // In the turn after sockets were read: what had arrived by then is a request by now, and its connection not idle.
    const sweep = setInterval(() => setImmediate(() => this.#closeIdle()), SWEEP_MS);
    void gone.then(() => clearInterval(sweep));
  }

  #closeIdle(): void {
    this.#server.closeIdleConnections();
    // To a Node before 26 one that has never sent anything is not idle.
    for (const socket of this.#sockets) if (socket.bytesRead === 0) socket.destroy();
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    if (this.#leaving) response.shouldKeepAlive = false;
    const since = performance.now();
    this.#inFlight.add(response);
    // `on`, as it comes once: `once` would wrap the listener and take it away again, for each request.
    response.on('close', () => {
      this.#inFlight.delete(response);
      this.#options.served?.(request, response, performance.now() - since);
    });
    if (request.headers.host === undefined && request.httpVersionMinor === 1) {
      sendProblem(response, new Problem('invalid_parameter', 'The header Host is missing.'), this.#options.name);
    } else if (this.#options.door === undefined) {
      this.#options.handler(request, response);
    } else {
      this.#options.door.enter(request, response, this.#options.handler);
    }
  }

  /** What is no HTTP, too large or too slow. */
  #refuse(error: Error, socket: Socket): void {
    const begun = [...this.#inFlight].some((response) => response.socket === socket && response.headersSent);
    // Not into the middle of an answer.
    if (begun || !socket.writable) socket.destroy();
    else socket.end(clientErrorAnswer(error, this.#options.name));
  }
}
