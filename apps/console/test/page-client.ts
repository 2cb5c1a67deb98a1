import type { Snapshot } from '../src/shared/state.ts';

/** What the page does, without a browser. */
export class PageClient {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  /** The picture as a page that was just opened gets it. */
  async snapshot(): Promise<Snapshot> {
    const { body } = await fetch(`${this.#url}/api/events`);
    let text = '';
    const decoder = new TextDecoder();
    for await (const part of body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(part, { stream: true });
      const [, data] = /event: snapshot\ndata: (.*)\n\n/.exec(text) ?? [];
      // Leaving the loop ends the stream.
      if (data !== undefined) return JSON.parse(data);
    }
    throw new Error('the stream ended without a snapshot');
  }

  /** Sends an order; answers its status and body. */
  async order(method: string, path: string, body?: object, more: Record<string, string> = {}) {
    const headers = { 'x-console-token': this.#token, 'content-type': 'application/json', ...more };
    const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) };
    const reply = await fetch(this.#url + path, init);
    const text = await reply.text();
    return { status: reply.status, body: text === '' ? null : JSON.parse(text) };
  }
}
