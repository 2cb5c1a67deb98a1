import type { FaultKind, Level, Protocol } from '../shared/state.ts';
import { attr, byId, say } from './dom.ts';

/** What a replica answered when the server asked it on our behalf. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  product: { id: number; name: string; priceCents: number; version: number; stock: number; category: string } | null;
}

export interface FaultOrder {
  kind: FaultKind;
  target: string;
  holdMs: number;
  /** Of what is lost, 0 to 1. */
  share?: number;
  /** Of what is late. */
  ms?: number;
}

const NOTICE_MS = 8000;

/**
 * What the page may ask of the server. A command that fails says so in the notice line and resolves to null: no caller
 * has to handle it, and none can forget to.
 */
export class Commands {
  readonly #token: string;
  readonly #notice = byId('notice', HTMLElement);
  #noticeEnds: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.#token = document.querySelector<HTMLMetaElement>('meta[name=console-token]')?.content ?? '';
  }

  fault(order: FaultOrder): Promise<{ id: string } | null> {
    return this.#send('POST', '/api/faults', order);
  }

  undo(id: string): Promise<unknown> {
    return this.#send('DELETE', `/api/faults/${encodeURIComponent(id)}`);
  }

  traffic(change: { rps?: number; writesPercent?: number }): Promise<unknown> {
    return this.#send('POST', '/api/traffic', change);
  }

  scale(replicas: number): Promise<unknown> {
    return this.#send('POST', '/api/scale', { replicas });
  }

  protocol(protocol: Protocol): Promise<unknown> {
    return this.#send('POST', '/api/protocol', { protocol });
  }

  scenario(name: string): Promise<unknown> {
    return this.#send('POST', '/api/scenario', { name });
  }

  stopScenario(): Promise<unknown> {
    return this.#send('DELETE', '/api/scenario');
  }

  edit(id: number, priceCents: number): Promise<unknown> {
    return this.#send('POST', '/api/edit', { id, priceCents });
  }

  /** Reads a product through one replica; null when the server could not ask it. */
  async product(id: number, replica: string, level: Level): Promise<Answer | null> {
    const query = new URLSearchParams({ level, replica });
    try {
      const reply = await fetch(`/api/product/${id}?${query}`);
      return reply.ok ? answerOf((await reply.json()) as Answer) : null;
    } catch {
      return null;
    }
  }

  /** Says something in the notice line, for a while. */
  notify(words: string): void {
    say(this.#notice, words);
    attr(this.#notice, 'hidden', words === '');
    clearTimeout(this.#noticeEnds);
    if (words !== '') this.#noticeEnds = setTimeout(() => this.notify(''), NOTICE_MS);
  }

  async #send<T>(method: 'POST' | 'DELETE', path: string, body?: object): Promise<T | null> {
    try {
      const reply = await fetch(path, {
        method,
        headers: { 'X-Console-Token': this.#token, ...(body && { 'Content-Type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
      });
      const text = await reply.text();
      if (reply.ok) return (text === '' ? {} : JSON.parse(text)) as T;
      this.notify(`Not done: ${reason(text) ?? `the console answered ${reply.status}`}`);
    } catch {
      this.notify('Not done: the console cannot be reached.');
    }
    return null;
  }
}

/** Whatever was answered to a read that found nothing is no product. */
function answerOf(answer: Answer): Answer {
  return answer.status === 200 ? answer : { ...answer, product: null };
}

function reason(text: string): string | null {
  try {
    const { detail, error, title, message } = JSON.parse(text) as Record<string, unknown>;
    const found = [detail, error, message, title].find((words) => typeof words === 'string');
    return typeof found === 'string' ? found : null;
  } catch {
    return null;
  }
}
