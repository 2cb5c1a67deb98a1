import { request } from 'node:http';

/** Characters of one event that are waited for; a stream with longer ones is none of ours. */
const EVENT_LENGTH = 1 << 20;
/** A stream on which nothing comes for this long is dead: replicas send a sign of life each 5 s. */
const SILENCE_MS = 15_000;

export interface StreamEvent {
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Hears a stream of server-sent events to its end; resolves then, however it ended. */
export function listen(url: string, signal: AbortSignal, heard: (event: StreamEvent) => void): Promise<void> {
  return new Promise((resolve) => {
    const asked = request(url, { agent: false, signal, timeout: SILENCE_MS, headers: { accept: 'text/event-stream' } });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve());
    asked.on('close', () => resolve());
    asked.on('response', (response) => {
      const split = new EventSplitter(heard);
      response.setEncoding('utf8');
      response.on('error', () => undefined);
      response.on('data', (text: string) => {
        if (!split.take(text)) asked.destroy();
      });
      if (response.statusCode !== 200) asked.destroy();
    });
    asked.end();
  });
}

/** Cuts the text of a stream into events, wherever the network has cut it. */
export class EventSplitter {
  readonly #heard: (event: StreamEvent) => void;
  #rest = '';

  constructor(heard: (event: StreamEvent) => void) {
    this.#heard = heard;
  }

  /** False when what comes is too long to be an event. */
  take(text: string): boolean {
    const blocks = (this.#rest + text).split('\n\n');
    this.#rest = blocks.pop() ?? '';
    for (const block of blocks) this.#event(block);
    return this.#rest.length <= EVENT_LENGTH;
  }

  #event(block: string): void {
    let name = 'message';
    let data = '';
    for (const line of block.split('\n')) {
      if (line.startsWith('event: ')) name = line.slice('event: '.length);
      if (line.startsWith('data: ')) data += line.slice('data: '.length);
    }
    if (data === '') return;
    try {
      const said: unknown = JSON.parse(data);
      if (typeof said === 'object' && said !== null) this.#heard({ name, data: said as Record<string, unknown> });
    } catch {
      // Not ours; the next one may be.
    }
  }
}
