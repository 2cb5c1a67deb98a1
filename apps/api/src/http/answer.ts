import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ReadResult } from '@lockstep/cache';
import type { ListPage, ProductView } from '../product.ts';
import { matchesWeakly, productTag } from './etag.ts';
import { Problem } from './problem.ts';

/** A value as clients get it: everything about its answer that is the same each time it is sent. */
interface Rendered {
  readonly status: 200 | 404;
  readonly body: string;
  /** Flat, for `writeHead`. */
  readonly headers: readonly string[];
  readonly etag: string | null;
}

/**
 * By the value itself: what L1 holds is frozen and the same object at each hit, so it is encoded once and forgotten
 * with it.
 */
const renderings = new WeakMap<object, Rendered>();

/** What an answer says that its value does not. */
export interface ReadAnswer {
  readonly servedBy: string;
  readonly result: ReadResult<ProductView | ListPage>;
  /** The client's next token. */
  readonly token: string;
  readonly elapsedMs: number;
}

/**
 * Answers a read: 200 or 404 with the value, 304 when the client has it. One `writeHead` with a flat list, as each
 * `setHeader` would cost a hit what reading it from L1 does.
 *
 * `no-cache` makes every cache on the way ask us again, with its own client's level and token; hence no `Vary`, which
 * would keep a browser from asking conditionally, as its token is another one each time.
 */
export function answerRead(request: IncomingMessage, response: ServerResponse, answer: ReadAnswer): void {
  const { result } = answer;
  let rendered = renderings.get(result.value);
  if (rendered === undefined) {
    rendered = render(result.value);
    renderings.set(result.value, rendered);
  }
  const { headers, etag, status, body } = rendered;
  const condition = request.headers['if-none-match'];
  if (condition !== undefined && etag !== null && matchesWeakly(condition, etag)) {
    // Without Content-Type and Content-Length, which come last.
    response.writeHead(304, headersOf(answer, headers.slice(0, -4)));
    response.end();
    return;
  }
  response.writeHead(status, headersOf(answer, headers));
  response.end(body);
}

function headersOf({ servedBy, result, token, elapsedMs }: ReadAnswer, more: readonly string[]): string[] {
  return [
    'X-Served-By',
    servedBy,
    'X-Cache',
    result.tier,
    'Age',
    String(Math.max(0, Math.floor(result.ageMs / 1_000))),
    'X-Cache-Proof',
    `age=${decimal(result.proofAgeMs)};bound=${result.boundMs}${result.unproven ? ';unproven' : ''}`,
    'Consistency-Token',
    token,
    'Server-Timing',
    serverTiming(result.tier, elapsedMs, result.loadMs),
    'Cache-Control',
    'no-cache',
    ...more,
  ];
}

/** `cache` is the whole way through the cache, a load included; `origin` is that load. */
export function serverTiming(tier: string, cacheMs: number, originMs: number | null): string {
  const cache = `cache;desc="${tier}";dur=${decimal(cacheMs)}`;
  return originMs === null ? cache : `${cache}, origin;dur=${decimal(originMs)}`;
}

/** Two decimals at most; a proof from before the start of the clock has no age that a header could carry. */
function decimal(ms: number): string {
  return String(Number.isFinite(ms) ? Math.max(0, Math.round(ms * 100) / 100) : 0);
}

function render(value: ProductView | ListPage): Rendered {
  if ('items' in value) {
    const body = JSON.stringify(value);
    const etag = `"l-${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    return { status: 200, body, etag, headers: ['ETag', etag, ...content('application/json; charset=utf-8', body)] };
  }
  if (value.found) {
    const { id, version } = value.product;
    const body = JSON.stringify(value.product);
    const etag = productTag(id, version);
    const named = ['X-Item-Version', String(version), 'ETag', etag];
    return { status: 200, body, etag, headers: [...named, ...content('application/json; charset=utf-8', body)] };
  }
  const { body } = new Problem('not_found', 'There is no product at this id.');
  const named = value.version === null ? [] : ['X-Item-Version', String(value.version)];
  return { status: 404, body, etag: null, headers: [...named, ...content('application/problem+json', body)] };
}

function content(type: string, body: string): string[] {
  return ['Content-Type', type, 'Content-Length', String(Buffer.byteLength(body))];
}
