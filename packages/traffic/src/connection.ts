import { connect, type Socket } from 'node:net';

/** Bytes of an answer's head, and of an answer. */
const HEAD_BYTES = 16_384;
const ANSWER_BYTES = 1 << 20;
/** Bytes of one read. */
const READ_BYTES = 1 << 16;

const HEAD_END = Buffer.from('\r\n\r\n');
const LENGTH = /\r\ncontent-length: *(\d+)/i;
const CHUNKED = /\r\ntransfer-encoding: *chunked/i;
const CLOSING = /\r\nconnection: *close/i;

/**
 * What every connection of this thread is read into: reads come one after the other, and each takes what it wants to keep
 * before the next. A stream of buffers for each connection would cost a quarter of all that an answer costs.
 */
const INTO = Buffer.allocUnsafe(READ_BYTES);

/** A socket that gives each read to `take`, which must not keep the bytes beyond its return. */
export function openSocket(host: string, port: number, take: (bytes: Buffer) => void): Socket {
  const callback = (length: number) => {
    take(INTO.subarray(0, length));
    return true;
  };
  const socket = connect({ host, port, noDelay: true, onread: { buffer: INTO, callback } });
  // A break ends in `close` as well.
  socket.on('error', () => undefined);
  return socket;
}

export interface RawAnswer {
  readonly status: number;
  /** Status line and headers. */
  readonly head: string;
  readonly body: Buffer;
}

/**
 * One kept-alive connection with one request at a time, and no more of HTTP than the cluster's answers need: they have a
 * length, come in chunks, or have no body. A client in full costs four times as much, and whoever observes a cluster, or
 * offers it more than it can carry, has to be cheaper than what answers.
 */
export class Connection {
  readonly #socket: Socket;
  /** What has come of an answer that is not complete, and its bytes. */
  #parts: Buffer[] = [];
  #length = 0;
  /** The head, and where it ends; 0 while that is not known. */
  #head = '';
  #headEnd = 0;
  /** Where the whole answer ends; null where it comes in chunks. */
  #end: number | null = 0;
  #answered: ((answer: RawAnswer | null) => void) | null = null;

  /** `closed` is called once, when there is no use in the connection any more, before whoever waits gets null. */
  constructor(host: string, port: number, closed: () => void = () => undefined) {
    this.#socket = openSocket(host, port, (bytes) => this.#take(bytes));
    this.#socket.on('close', () => {
      closed();
      this.#finish(null);
    });
  }

  /** False once another request cannot be answered on it: also after an answer that said `Connection: close`. */
  get open(): boolean {
    return this.#socket.connecting || (this.#socket.writable && !this.#socket.destroyed);
  }

  /** `request` is in ASCII. `answered` is called once, with null when the connection breaks before the answer is complete. */
  ask(request: string, answered: (answer: RawAnswer | null) => void): void {
    this.#answered = answered;
    this.#socket.write(request, 'latin1');
  }

  /** Gives up: whoever waits gets null. */
  close(): void {
    this.#socket.destroy();
  }

  #take(part: Buffer): void {
    this.#length += part.length;
    if (this.#answered === null || this.#length > ANSWER_BYTES) {
      this.#socket.destroy();
      return;
    }
    // Joined once, when the last part is there; but chunks each time, as only one of them says where the next begins.
    if (this.#headEnd > 0 && this.#end !== null && this.#length < this.#end) {
      this.#parts.push(Buffer.from(part));
      return;
    }
    const bytes = this.#parts.length === 0 ? part : Buffer.concat([...this.#parts, part]);
    if (this.#headEnd === 0) this.#readHead(bytes);
    const body = this.#headEnd === 0 ? null : this.#body(bytes);
    if (body === null) {
      this.#parts = [bytes === part ? Buffer.from(part) : bytes];
      return;
    }
    const head = this.#head;
    this.#parts = [];
    this.#length = 0;
    this.#headEnd = 0;
    if (CLOSING.test(head)) this.#socket.end();
    this.#finish({ status: Number(head.slice(9, 12)), head, body });
  }

  /** Null while some of it is missing. */
  #body(bytes: Buffer): Buffer | null {
    const from = this.#headEnd + HEAD_END.length;
    if (this.#end === null) return joinedChunks(bytes, from);
    return bytes.length < this.#end ? null : Buffer.from(bytes.subarray(from, this.#end));
  }

  /** Without a length there is nothing behind it: 204 and 304. */
  #readHead(bytes: Buffer): void {
    const end = bytes.indexOf(HEAD_END);
    if (end < 0) {
      if (bytes.length > HEAD_BYTES) this.#socket.destroy();
      return;
    }
    this.#head = bytes.toString('latin1', 0, end);
    this.#headEnd = end;
    const length = LENGTH.exec(this.#head)?.[1];
    const isChunked = length === undefined && CHUNKED.test(this.#head);
    this.#end = isChunked ? null : end + HEAD_END.length + Number(length ?? 0);
  }

  #finish(answer: RawAnswer | null): void {
    const answered = this.#answered;
    this.#answered = null;
    answered?.(answer);
  }
}

/** The chunk that begins at `at`: where what it holds begins and ends, and the next one begins; null while some of it is missing. */
export function chunkAt(bytes: Buffer, at: number): { from: number; to: number; next: number } | null {
  const line = bytes.indexOf('\r\n', at);
  if (line < 0) return null;
  const from = line + 2;
  const to = from + Number.parseInt(bytes.toString('latin1', at, line), 16);
  return to + 2 <= bytes.length ? { from, to, next: to + 2 } : null;
}

/** What chunks hold together, of which the first begins at `from`; null until the last one is there. Without trailers. */
function joinedChunks(bytes: Buffer, from: number): Buffer | null {
  const chunks: Buffer[] = [];
  for (let at = from; ; ) {
    const chunk = chunkAt(bytes, at);
    if (chunk === null) return null;
    if (chunk.from === chunk.to) return Buffer.concat(chunks);
    chunks.push(bytes.subarray(chunk.from, chunk.to));
    at = chunk.next;
  }
}

/** The value of a header; names as the replicas write them. */
export function headerOf(head: string, name: string): string | undefined {
  const at = head.indexOf(`\r\n${name}: `);
  if (at < 0) return undefined;
  const from = at + name.length + 4;
  const end = head.indexOf('\r\n', from);
  return head.slice(from, end < 0 ? undefined : end);
}
