import http, { type Response } from 'k6/http';
import { Counter } from 'k6/metrics';
import { TIERS, tierCounter } from '../lib/figures.ts';
import type { Note } from '../lib/notes.ts';
import type { Span } from '../lib/session.ts';

export interface Question {
  /** The route, for the metrics. */
  readonly name: string;
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** What is not counted as a failure; any 2xx without it. */
  readonly expected?: readonly number[];
}

export interface Answer extends Span {
  readonly response: Response;
  /** `X-Item-Version`; null where there is none. */
  readonly version: number | null;
  readonly servedBy: string;
  readonly tier: string;
}

const TIMEOUT = '10s';
/** Of an error, or of a body. */
const SAW_CHARACTERS = 300;
const ANY_2XX = { min: 200, max: 299 };
const tiers = new Map(TIERS.map((tier) => [String(tier), new Counter(tierCounter(tier))]));
const seen = new Set<string>();

/** One request. Never throws: nobody answering is status 0. */
export function ask(method: string, url: string, { name, json, headers = {}, expected }: Question): Answer {
  const body = json === undefined ? null : JSON.stringify(json);
  // Whole ms: the start is rounded down and the end up, so that the interval holds the request.
  const start = Date.now();
  const response = http.request(method, url, body, {
    headers: body === null ? headers : { 'Content-Type': 'application/json', ...headers },
    tags: { name: `${method} ${name}` },
    timeout: TIMEOUT,
    redirects: 0,
    responseCallback: http.expectedStatuses(...(expected ?? [ANY_2XX])),
  });
  const end = Date.now() + 1;
  const version = response.headers['X-Item-Version'];
  const servedBy = response.headers['X-Served-By'] ?? '';
  const tier = response.headers['X-Cache'] ?? '';
  if (method === 'GET') tiers.get(tier)?.add(1);
  if (servedBy !== '' && !seen.has(servedBy)) {
    seen.add(servedBy);
    note({ note: 'served', replica: servedBy, at: end });
  }
  const { status } = response;
  if (expected === undefined ? status < 200 || status > 299 : !expected.includes(status)) {
    note({ note: 'failed', what: `${method} ${name}`, saw: sawOf(response, servedBy, end - start), at: end });
  }
  return { response, start, end, version: version === undefined ? null : Number(version), servedBy, tier };
}

/** An answer in one line, for whoever has to find out why. */
function sawOf({ status, error, body }: Response, servedBy: string, tookMs: number): string {
  const by = servedBy === '' ? '' : ` by ${servedBy}`;
  return `${status}${by} after ${tookMs} ms: ${(error || body || '').trim().slice(0, SAW_CHARACTERS)}`;
}

/** Writes one line to the file that k6 was given with --console-output. */
export function note(what: Note): void {
  console.log(JSON.stringify(what));
}
