import { ClusterError, reasonOf } from '../errors.ts';
import { CONSOLE_ANSWER_MS, CONSOLE_REOPEN_MS } from '../limits.ts';
import { waited } from '../probe.ts';
import { listen } from '../watch/event-source.ts';

/** A scenario that a console can play. */
export interface ScenarioChoice {
  readonly name: string;
  readonly title: string;
  readonly sentence: string;
}

/** How far the scenario is that is played, or was last. */
export interface ScenarioState {
  readonly name: string;
  readonly protocol: string;
  readonly phase: string;
  readonly step: number;
  readonly of: number;
  readonly stepText: string;
  /** What came of it, in words, by protocol; null before. */
  readonly result: Readonly<Record<string, string | null>>;
  readonly done: boolean;
  /** Whether it showed what it must; null until it is done. */
  readonly shown: boolean | null;
}

const TOKEN = /<meta name="console-token" content="([^"]+)"/;

/** Does what the console's page does, without a browser. */
export class ConsoleClient {
  readonly #url: string;
  readonly #token: string;

  private constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  /** Takes the token out of the page, as the page itself does. */
  static async open(url: string): Promise<ConsoleClient> {
    const page = await (await ask(`${url}/`)).text();
    const [, token] = TOKEN.exec(page) ?? [];
    if (token === undefined) throw failure(`what answers at ${url} is no console`);
    return new ConsoleClient(url, token);
  }

  /** Begins a scenario; fails with the console's reason, as when there is none of that name. */
  async begin(name: string): Promise<void> {
    await this.#order('POST', JSON.stringify({ name }));
  }

  /** Ends the one that is played; what it has broken is healed. */
  async end(): Promise<void> {
    await this.#order('DELETE');
  }

  /** Those that it can play. */
  async choices(signal: AbortSignal): Promise<readonly ScenarioChoice[]> {
    let choices: readonly ScenarioChoice[] | null = null;
    await this.#hear(signal, (data) => {
      choices = data.scenarios as readonly ScenarioChoice[];
      return true;
    });
    return choices ?? [];
  }

  /** Tells each state of the scenario that is played until it is done; resolves with the last. */
  async follow(signal: AbortSignal, heard: (state: ScenarioState) => void): Promise<ScenarioState> {
    let last: ScenarioState | null = null;
    await this.#hear(signal, ({ scenario }) => {
      if (scenario === undefined) return false;
      // Somebody else has ended it.
      if (scenario === null) return true;
      last = scenario as ScenarioState;
      heard(last);
      return last.done;
    });
    if (last === null || !(last as ScenarioState).done) throw failure('the scenario was ended before its end');
    return last;
  }

  /** Hears snapshots and deltas until `enough`; a stream that breaks is opened again, and begins with a snapshot. */
  async #hear(signal: AbortSignal, enough: (data: Readonly<Record<string, unknown>>) => boolean): Promise<void> {
    const end = new AbortController();
    const either = AbortSignal.any([signal, end.signal]);
    while (!either.aborted) {
      await listen(`${this.#url}/api/events`, either, ({ data }) => {
        if (!either.aborted && enough(data)) end.abort(new Error('heard enough'));
      });
      await waited(CONSOLE_REOPEN_MS, either).catch(() => undefined);
    }
    signal.throwIfAborted();
  }

  async #order(method: string, body?: string): Promise<void> {
    const headers = { 'Content-Type': 'application/json', 'X-Console-Token': this.#token, Origin: this.#url };
    await ask(`${this.#url}/api/scenario`, { method, headers, ...(body === undefined ? {} : { body }) });
  }
}

async function ask(url: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { ...init, signal: AbortSignal.timeout(CONSOLE_ANSWER_MS) });
  } catch (error) {
    throw failure(`the console at ${new URL(url).origin} does not answer: ${reasonOf(error)}`);
  }
  if (response.ok) return response;
  const said = (await response.json().catch(() => ({}))) as { error?: unknown };
  throw failure(typeof said.error === 'string' ? said.error : `the console answered ${response.status}`);
}

function failure(message: string): ClusterError {
  return new ClusterError('E_CLUSTER_CONSOLE', message);
}
