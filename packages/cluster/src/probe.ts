import { request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { ClusterError } from './errors.ts';
import { PROBE_ANSWER_BYTES, PROBE_ANSWER_MS, PROBE_FIRST_MS, PROBE_LAST_MS, PROBE_PIECE_MS } from './limits.ts';

export interface Patience {
  readonly limitMs: number;
  /** Ends the wait with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Looks again and again until `look` answers something other than false, null or undefined, and returns that; fails
 * after the limit, naming what was waited for. What `look` throws ends the wait.
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | false | null | undefined> | T | false | null | undefined,
  { limitMs, signal }: Patience,
): Promise<T> {
  const since = performance.now();
  for (let pauseMs = PROBE_FIRST_MS; ; pauseMs = Math.min(pauseMs * 1.5, PROBE_LAST_MS)) {
    signal?.throwIfAborted();
    const seen = await look();
    if (seen !== false && seen !== null && seen !== undefined) return seen;
    if (performance.now() - since > limitMs) {
      throw new ClusterError('E_CLUSTER_NOT_READY', `${what}: not within ${Math.round(limitMs / 1000)} s`);
    }
    await waited(pauseMs, signal);
  }
}

/** A pause that an abort ends with the signal's own reason, not with an AbortError that says nothing. */
export async function waited(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await pause(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** GETs a URL on a connection of its own; null when there is no answer in time, or one that is too long. */
export function ask(url: string): Promise<Answer | null> {
  return new Promise((resolve) => {
    const asked = request(url, { agent: false, headers: { connection: 'close' } }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
        if (body.length > PROBE_ANSWER_BYTES) asked.destroy();
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', () => resolve(null));
      response.on('close', () => resolve(null));
    });
    // In pieces, as of a time in which this process stood still one piece counts at most:
    //   1: a replica is asked   2: we get no time for seconds   3: its answer is there, but timers come before it, and a
    //   replica that is well is taken for one that is silent.
    let leftMs = PROBE_ANSWER_MS;
    const tooLong = setInterval(() => {
      leftMs -= PROBE_PIECE_MS;
      if (leftMs <= 0) asked.destroy();
    }, PROBE_PIECE_MS);
    asked.on('error', () => resolve(null));
    asked.on('close', () => {
      clearInterval(tooLong);
      resolve(null);
    });
    asked.end();
  });
}

/** GETs JSON; null when there is no answer in time, another status than 200, or something else than an object. */
export async function askJson(url: string): Promise<Record<string, unknown> | null> {
  const answer = await ask(url);
  if (answer?.status !== 200) return null;
  try {
    const value: unknown = JSON.parse(answer.body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
