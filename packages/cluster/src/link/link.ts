import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { ClusterError, hasCode } from '../errors.ts';
import { LINK_CONNECTIONS, LINK_LISTEN_MS, LINK_READ_BYTES } from '../limits.ts';
import { until } from '../probe.ts';
import { Direction } from './direction.ts';
import { type Fault, parseFault } from './fault.ts';

/** A TCP link: a port on loopback that forwards to a target, Redis and Postgres alike, and can fail: see `Fault`. */
export interface Link {
  /** The target's URL with host and port of the link: what the client is given instead. */
  readonly url: string;
  readonly port: number;
  readonly fault: Fault | null;
  /** Connections that are open now. */
  readonly connections: number;
  /** Messages to subscriptions that it has lost, by the fault `lose`. */
  readonly lost: number;
  /** Puts the link into this fault; resolves once it acts. One fault at a time: it replaces the former. */
  fail(fault: Fault): Promise<void>;
  /** Resets the present connections, once; new ones are accepted. Answers how many there were. */
  cut(): number;
  /** Ends any fault, and delivers what was held; resolves when connections are accepted again. */
  heal(): Promise<void>;
  /** Ends it for good. */
  close(): Promise<void>;
}

export interface LinkOptions {
  /** Where to, as a URL whose host and port count; the rest is only carried over into `url`. */
  readonly target: string;
  /** A Unix socket on which the target listens as well: the way to there, as it costs less. */
  readonly socket?: string | null;
  /** 0 or absent: any free one. */
  readonly port?: number;
  /** In [0, 1): what jitter and losses are drawn from. */
  readonly random?: () => number;
}

const HOST = '127.0.0.1';

/** Opens a link to the target; it forwards from the start. */
export async function createLink(options: LinkOptions): Promise<Link> {
  const link = new TcpLink(options);
  await link.listen();
  return link;
}

/** The two sockets of a connection; `far` is missing while a black hole keeps us from connecting. */
interface Pair {
  readonly near: Socket;
  far: Socket | null;
  readonly directions: Direction[];
}

class TcpLink implements Link {
  readonly #target: URL;
  readonly #socket: string | null;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  readonly #random: () => number;
  #port: number;
  #fault: Fault | null = null;
  #lost = 0;
  #isClosed = false;
  #turns: Promise<unknown> = Promise.resolve();

  constructor({ target, socket = null, port = 0, random = Math.random }: LinkOptions) {
    this.#target = new URL(target);
    if (this.#target.port === '') throw new ClusterError('E_CLUSTER_PORT', 'the target of a link needs a port');
    this.#socket = socket;
    this.#port = port;
    this.#random = random;
    // Half-open, so that one side's end is passed on as an end and the other may still finish.
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (near) =>
      this.#accept(near),
    );
    this.#server.maxConnections = LINK_CONNECTIONS;
    // Besides what `#listenOnce` reports: an accept that failed for want of descriptors concerns that client alone.
    this.#server.on('error', () => undefined);
  }

  get url(): string {
    const url = new URL(this.#target);
    url.host = `${HOST}:${this.#port}`;
    return url.href;
  }

  get port(): number {
    return this.#port;
  }

  get fault(): Fault | null {
    return this.#fault;
  }

  get connections(): number {
    return this.#pairs.size;
  }

  get lost(): number {
    return this.#lost;
  }

  /** Listens; on a port that it had before, it waits for whoever took it meanwhile. */
  async listen(): Promise<void> {
    const again = this.#port !== 0;
    await until(
      `port ${this.#port} of a link`,
      async () => {
        try {
          await this.#listenOnce();
          return true;
        } catch (error) {
          if (again && hasCode(error, 'EADDRINUSE')) return false;
          throw error;
        }
      },
      { limitMs: LINK_LISTEN_MS },
    );
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  #listenOnce(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, HOST, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
  }

  async fail(fault: Fault): Promise<void> {
    const parsed = parseFault(fault);
    await this.#inTurn(() => this.#put(parsed));
  }

  heal(): Promise<void> {
    return this.#inTurn(() => this.#put(null));
  }

  close(): Promise<void> {
    return this.#inTurn(() => {
      const closed = this.#put({ kind: 'down' });
      this.#isClosed = true;
      return closed;
    });
  }

  cut(): number {
    const pairs = [...this.#pairs];
    for (const pair of pairs) this.#end(pair);
    return pairs.length;
  }

  /**
   * One change after the other. 1: `heal` begins to listen, which takes its time. 2: `down` finds no listener to close.
   * 3: the listener is there, and serves a link that is down.
   */
  #inTurn(change: () => Promise<void>): Promise<void> {
    const done = this.#turns.then(change);
    this.#turns = done.catch(() => undefined);
    return done;
  }

  async #put(fault: Fault | null): Promise<void> {
    // Whoever heals it late must not open it again: nobody would close it any more.
    if (this.#isClosed) return;
    this.#fault = fault;
    if (fault?.kind === 'down') {
      // Closing the listener makes the kernel refuse; its callback waits for the connections, hence the cut first.
      const closed = this.#server.listening ? closing(this.#server) : Promise.resolve();
      this.cut();
      await closed;
      return;
    }
    if (fault?.kind === 'reset') this.cut();
    if (!this.#server.listening) await this.listen();
    this.#apply();
  }

  #apply(): void {
    for (const pair of this.#pairs) {
      if (pair.far === null && this.#fault?.kind !== 'blackhole') this.#connect(pair);
      for (const direction of pair.directions) direction.set(this.#fault);
    }
  }

  #accept(near: Socket): void {
    if (this.#fault?.kind === 'reset') {
      near.resetAndDestroy();
      return;
    }
    const pair: Pair = { near, far: null, directions: [] };
    this.#pairs.add(pair);
    near.on('error', () => this.#end(pair));
    near.on('close', () => this.#closed(pair));
    if (this.#fault?.kind !== 'blackhole') this.#connect(pair);
  }

  #connect(pair: Pair): void {
    const { near } = pair;
    // The same for each read, unless a piece of it is still to be written: new ones, as a stream makes them, would be a fifth
    // of what a link costs.
    let memory = Buffer.allocUnsafe(LINK_READ_BYTES);
    const far = connect({
      ...this.#way(),
      allowHalfOpen: true,
      onread: {
        buffer: () => memory,
        callback: (length) => {
          if (!back.take(memory.subarray(0, length))) memory = Buffer.allocUnsafe(LINK_READ_BYTES);
          return true;
        },
      },
    });
    pair.far = far;
    // A refused or broken target shows to the client as a reset, which is what it would see without us.
    far.on('error', () => this.#end(pair));
    far.on('close', () => this.#closed(pair));
    const lost = (messages: number) => {
      this.#lost += messages;
    };
    const options = { random: this.#random, lost };
    const out = new Direction(near, far, { ...options, pushes: false });
    const back = new Direction(far, near, { ...options, pushes: true });
    near.on('data', (chunk: Buffer) => out.take(chunk));
    pair.directions.push(out, back);
    for (const direction of pair.directions) direction.set(this.#fault);
  }

  #way() {
    if (this.#socket !== null) return { path: this.#socket };
    return { host: this.#target.hostname, port: Number(this.#target.port), noDelay: true };
  }

  /** Both sockets are done: an orderly end went through in both directions, or one was destroyed. */
  #closed(pair: Pair): void {
    if (pair.near.destroyed && (pair.far === null || pair.far.destroyed)) this.#end(pair);
  }

  #end(pair: Pair): void {
    if (!this.#pairs.delete(pair)) return;
    for (const direction of pair.directions) direction.stop();
    pair.near.resetAndDestroy();
    // There is no reset in the file system: what a server finds there is an end, or an error if it had more to say.
    if (this.#socket === null) pair.far?.resetAndDestroy();
    else pair.far?.destroy();
  }
}

function closing(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
