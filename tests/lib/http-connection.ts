import { connect, type Socket } from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');
/** Bytes of an answer's head; more is none of ours. */
const HEAD_BYTES = 16 << 10;

/** What is read of an answer: its status, its head as it came, its body. */
export interface RawAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: Buffer;
}

/**
 * One kept-alive connection for one request at a time: writes bytes that are ready, and reads no more of an answer than
 * where it ends. A whole HTTP client would need as much of a machine as the servers that it is to overload.
 */
export class HttpConnection {
  readonly #socket: Socket;
  #parts: Buffer[] = [];
  #bytes = 0;
  /** Where the head ends and the whole answer does; 0 while that is not known. */
  #headEnd = 0;
  #end = 0;
  #answered: ((answer: RawAnswer | null) => void) | null = null;

  /** `closed` is called once, when there is no use in the connection any more. */
  constructor(port: number, closed: () => void) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('data', (part: Buffer) => this.#take(part));
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => {
      closed();
      this.#finish(null);
    });
  }

  /** `answered` gets null when the connection breaks before the answer is complete. */
  ask(request: Buffer | string, answered: (answer: RawAnswer | null) => void): void {
    this.#answered = answered;
    this.#socket.write(request);
  }

  /** Gives up: whoever waits gets null. */
  close(): void {
    this.#socket.destroy();
  }

  #take(part: Buffer): void {
    this.#parts.push(part);
    this.#bytes += part.length;
    if (this.#end === 0 && !this.#readHead()) return;
    if (this.#bytes < this.#end) return;
    const whole = this.#whole();
    const head = whole.toString('latin1', 0, this.#headEnd);
    const body = whole.subarray(this.#headEnd + HEAD_END.length, this.#end);
    this.#parts = [];
    this.#bytes = 0;
    this.#end = 0;
    if (/\r\nconnection: close/i.test(head)) this.#socket.end();
    this.#finish({ status: Number(head.slice(9, 12)), head, body });
  }

  /** True when it is known how long the answer is. Without a length there is nothing to be read: 204 and 304. */
  #readHead(): boolean {
    const bytes = this.#whole();
    const end = bytes.indexOf(HEAD_END);
    if (end < 0) {
      if (bytes.length > HEAD_BYTES) this.#socket.destroy();
      return false;
    }
    const [, length = '0'] = /\r\ncontent-length: (\d+)/i.exec(bytes.toString('latin1', 0, end)) ?? [];
    this.#headEnd = end;
    this.#end = end + HEAD_END.length + Number(length);
    return true;
  }

  #whole(): Buffer {
    const [first] = this.#parts;
    if (this.#parts.length === 1 && first !== undefined) return first;
    const whole = Buffer.concat(this.#parts);
    this.#parts = [whole];
    return whole;
  }

  #finish(answer: RawAnswer | null): void {
    const answered = this.#answered;
    this.#answered = null;
    answered?.(answer);
  }
}
