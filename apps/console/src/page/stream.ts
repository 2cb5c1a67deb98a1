import type { Snapshot } from '../shared/state.ts';

/** After this long without a word the picture is called old, in ms; the server speaks five times a second. */
const SILENCE_MS = 3000;
/** After this long the stream is opened anew, in ms, and so often while nothing comes. */
const ANEW_MS = 10_000;
/** Between looks at the silence, in ms. */
const LOOK_MS = 500;
/** Before a stream that was refused is asked for again, in ms. */
const RETRY_MS = { first: 1000, most: 10_000 } as const;

export type Link = 'connecting' | 'live' | 'lost';

interface Listener {
  snapshot(snapshot: Snapshot): void;
  delta(delta: Partial<Snapshot>): void;
  /** The link changed; `quietMs` is how long ago the last word came. */
  link(link: Link, quietMs: number): void;
}

/**
 * The server's events. A break is resumed by the browser itself, which sends the last id it saw; a refusal (too many
 * clients, a server that is being restarted) ends an EventSource for good, so it is begun anew, ever less often.
 * Silence on an open connection counts as lost too: a stopped server keeps its sockets open. When it lasts, another
 * connection is opened: a machine that slept, or a network in between, may have forgotten this one without a word.
 */
export class Stream {
  readonly #url: string;
  readonly #listener: Listener;
  #source: EventSource | undefined;
  #heard = performance.now();
  #opened = performance.now();
  #link: Link = 'connecting';
  #retryMs: number = RETRY_MS.first;

  constructor(url: string, listener: Listener) {
    this.#url = url;
    this.#listener = listener;
    this.#open();
    setInterval(() => this.#look(), LOOK_MS);
  }

  #open(): void {
    this.#source?.close();
    const source = new EventSource(this.#url);
    this.#source = source;
    this.#opened = performance.now();
    source.addEventListener('snapshot', (event) => {
      this.#listener.snapshot(JSON.parse(event.data) as Snapshot);
      this.#hear();
    });
    source.addEventListener('delta', (event) => {
      this.#listener.delta(JSON.parse(event.data) as Partial<Snapshot>);
      this.#hear();
    });
    source.addEventListener('error', () => {
      if (source !== this.#source) return;
      this.#tell('lost');
      if (source.readyState !== EventSource.CLOSED) return;
      setTimeout(() => this.#open(), this.#retryMs);
      this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS.most);
    });
  }

  #hear(): void {
    this.#heard = performance.now();
    this.#retryMs = RETRY_MS.first;
    if (this.#link !== 'live') this.#tell('live');
  }

  #look(): void {
    const now = performance.now();
    if (this.#link === 'lost' || now - this.#heard > SILENCE_MS) this.#tell('lost');
    // One that is closed is begun anew already.
    const isQuiet = now - Math.max(this.#heard, this.#opened) > ANEW_MS;
    if (isQuiet && this.#source?.readyState !== EventSource.CLOSED) this.#open();
  }

  #tell(link: Link): void {
    this.#link = link;
    this.#listener.link(link, performance.now() - this.#heard);
  }
}
