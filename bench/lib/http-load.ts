import { connect, type Socket } from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');
const FROM_L1 = '\r\nX-Cache: L1\r\n';
/** Bytes of an answer's head; more is none of ours. */
const HEAD_BYTES = 16 << 10;

export interface LoadSeen {
  readonly perSecond: number;
  readonly answered: number;
  /** Answers that were not 200 from L1. */
  readonly others: number;
}

/**
 * Asks for the same path on kept-alive connections, one request at a time each, for so long. It writes ready bytes and
 * reads no more of an answer than its status and its length: on two cores a full HTTP client would need more of them
 * than the server that it measures.
 */
export async function load(port: number, path: string, connections: number, ms: number): Promise<LoadSeen> {
  const request = Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  const clients = await Promise.all(Array.from({ length: connections }, () => open(port, request)));
  const since = performance.now();
  const seen = await Promise.all(clients.map((client) => client.ask(since + ms)));
  const seconds = (performance.now() - since) / 1_000;
  const answered = seen.reduce((sum, client) => sum + client.answered, 0);
  const others = seen.reduce((sum, client) => sum + client.others, 0);
  return { perSecond: answered / seconds, answered, others };
}

function open(port: number, request: Buffer): Promise<LoadClient> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(new LoadClient(socket, request)));
    socket.once('error', reject);
  });
}

class LoadClient {
  answered = 0;
  others = 0;
  readonly #socket: Socket;
  readonly #request: Buffer;
  #part: Buffer | null = null;

  constructor(socket: Socket, request: Buffer) {
    this.#socket = socket;
    this.#request = request;
  }

  /** Resolves with itself after the first answer past `until`. */
  ask(until: number): Promise<this> {
    return new Promise((resolve, reject) => {
      this.#socket.on('error', reject);
      this.#socket.on('close', () => reject(new Error('the server closed a connection under load')));
      this.#socket.on('data', (chunk: Buffer) => {
        try {
          if (!this.#whole(chunk)) return;
        } catch (error) {
          reject(error);
          return;
        }
        if (performance.now() < until) this.#socket.write(this.#request);
        else {
          this.#socket.removeAllListeners('close').destroy();
          resolve(this);
        }
      });
      this.#socket.write(this.#request);
    });
  }

  /** True when the answer is complete; with one request at a time nothing comes after it. */
  #whole(chunk: Buffer): boolean {
    const bytes = this.#part === null ? chunk : Buffer.concat([this.#part, chunk]);
    this.#part = bytes;
    const end = bytes.indexOf(HEAD_END);
    if (end < 0) {
      if (bytes.length > HEAD_BYTES) throw new Error('an answer without an end of its head');
      return false;
    }
    const head = bytes.toString('latin1', 0, end);
    const [, length] = /\r\ncontent-length: (\d+)/i.exec(head) ?? [];
    if (length === undefined) throw new Error('an answer without Content-Length');
    if (bytes.length < end + HEAD_END.length + Number(length)) return false;
    this.#part = null;
    this.answered++;
    if (!head.startsWith('HTTP/1.1 200 ') || !head.includes(FROM_L1)) this.others++;
    return true;
  }
}
