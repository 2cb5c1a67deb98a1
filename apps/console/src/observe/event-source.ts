import { chunkAt, openSocket } from '@lockstep/traffic/connection';

/** Bytes of one event; a stream with longer ones is none of ours. */
const EVENT_BYTES = 1 << 20;
/** A stream on which nothing comes for this long is dead: replicas send a sign of life each 5 s. */
const SILENCE_MS = 15_000;

export type Heard = (name: string, data: Readonly<Record<string, unknown>>) => void;

/**
 * Hears a replica's stream of server-sent events to its end; resolves then, however it ended. Hundreds of events a second
 * come on these streams, so no more of HTTP is read here than they have: a head, then chunks.
 */
export function listen(url: string, signal: AbortSignal, heard: Heard): Promise<void> {
  const { host, hostname, port, pathname } = new URL(url);
  return new Promise((resolve) => {
    const events = new Events(heard);
    const socket = openSocket(hostname.replace(/^\[|\]$/g, ''), Number(port || 80), (bytes) => {
      if (!events.take(bytes)) socket.destroy();
    });
    const end = () => void socket.destroy();
    socket.setTimeout(SILENCE_MS, end);
    socket.on('end', end);
    socket.on('close', () => {
      signal.removeEventListener('abort', end);
      resolve();
    });
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\n\r\n`);
  });
}

/** An answer whose body is events, as it comes. */
class Events {
  readonly #heard: Heard;
  #rest: Buffer | null = null;
  #hasHead = false;
  /** The beginning of an event whose end is in a later chunk. */
  #text = '';

  constructor(heard: Heard) {
    this.#heard = heard;
  }

  /** False when there is nothing more to come of it: it is over, or none of ours. */
  take(part: Buffer): boolean {
    const bytes = this.#rest === null ? part : Buffer.concat([this.#rest, part]);
    let at = 0;
    if (!this.#hasHead) {
      const end = bytes.indexOf('\r\n\r\n');
      if (
        end >= 0 &&
        !/^HTTP\/1\.1 200 [\s\S]*\r\ntransfer-encoding: *chunked/i.test(bytes.toString('latin1', 0, end))
      ) {
        return false;
      }
      this.#hasHead = end >= 0;
      at = end + 4;
    }
    while (this.#hasHead && at < bytes.length) {
      const chunk = chunkAt(bytes, at);
      if (chunk === null) break;
      if (chunk.from === chunk.to) return false;
      this.#read(bytes.toString('utf8', chunk.from, chunk.to));
      at = chunk.next;
    }
    if (!this.#hasHead) at = 0;
    this.#rest = at < bytes.length ? Buffer.from(bytes.subarray(at)) : null;
    return (this.#rest?.length ?? 0) + this.#text.length <= EVENT_BYTES;
  }

  #read(text: string): void {
    const blocks = (this.#text + text).split('\n\n');
    this.#text = blocks.pop() ?? '';
    for (const block of blocks) take(block, this.#heard);
  }
}

/** One event, whatever the order of its lines, with its data in one; comments have none. */
function take(block: string, heard: Heard): void {
  const data = fieldOf(block, 'data: ');
  if (data === null) return;
  const name = fieldOf(block, 'event: ') ?? 'message';
  try {
    const said: unknown = JSON.parse(data);
    if (typeof said === 'object' && said !== null) heard(name, said as Record<string, unknown>);
  } catch {
    // Not ours; the next one may be.
  }
}

function fieldOf(block: string, name: string): string | null {
  const at = block.startsWith(name) ? 0 : block.indexOf(`\n${name}`) + 1;
  if (at === 0 && !block.startsWith(name)) return null;
  const end = block.indexOf('\n', at);
  return block.slice(at + name.length, end < 0 ? undefined : end);
}
