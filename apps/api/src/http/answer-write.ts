import type { ServerResponse } from 'node:http';
import type { WriteOutcome } from '../origin/origin.ts';
import type { Product } from '../product.ts';
import type { Written } from '../writer.ts';
import { serverTiming } from './answer.ts';
import { productTag } from './etag.ts';
import { Problem, problemHeaders } from './problem.ts';

export interface WriteAnswer {
  readonly servedBy: string;
  readonly boundMs: number;
  readonly elapsedMs: number;
  /** The client's next token. */
  readonly token: string;
}

/** What an outcome is as an answer; `version` is what `X-Item-Version` says. */
type Shape =
  | { readonly status: 200 | 201; readonly product: Product }
  | { readonly status: 204; readonly version: number }
  | { readonly problem: Problem; readonly version: number | null };

/** Answers a write. It has come from the origin this moment, so its age and the age of its proof are 0. */
export function answerWrite(response: ServerResponse, { outcome, originMs }: Written, answer: WriteAnswer): void {
  const shape = shapeOf(outcome);
  const headers: Record<string, string> = {
    'X-Served-By': answer.servedBy,
    'X-Cache': 'BYPASS',
    Age: '0',
    'X-Cache-Proof': `age=0;bound=${answer.boundMs}`,
    'Consistency-Token': answer.token,
    'Server-Timing': serverTiming('BYPASS', answer.elapsedMs, originMs),
    'Cache-Control': 'no-store',
  };
  const version = 'product' in shape ? shape.product.version : shape.version;
  if (version !== null) headers['X-Item-Version'] = String(version);
  if ('problem' in shape) {
    const { body, status } = shape.problem;
    response.writeHead(status, { ...problemHeaders(shape.problem, answer.servedBy, body), ...headers });
    response.end(body);
  } else if (shape.status === 204) {
    response.writeHead(204, headers);
    response.end();
  } else {
    sendProduct(response, shape, headers);
  }
}

function sendProduct(
  response: ServerResponse,
  { status, product }: { status: 200 | 201; product: Product },
  headers: Record<string, string>,
): void {
  const body = JSON.stringify(product);
  headers.ETag = productTag(product.id, product.version);
  headers['Content-Type'] = 'application/json; charset=utf-8';
  headers['Content-Length'] = String(Buffer.byteLength(body));
  if (status === 201) headers.Location = `/products/${product.id}`;
  response.writeHead(status, headers);
  response.end(body);
}

function shapeOf(outcome: WriteOutcome): Shape {
  switch (outcome.is) {
    case 'created':
      return { status: 201, product: outcome.product };
    case 'updated':
      return { status: 200, product: outcome.product };
    case 'deleted':
      return { status: 204, version: outcome.version };
    case 'notFound':
      return { problem: new Problem('not_found', 'There is no product at this id.'), version: outcome.version };
    case 'conditionFailed': {
      const detail = 'If-Match does not name the present version. Read the product again, then decide.';
      return { problem: new Problem('precondition_failed', detail), version: outcome.version };
    }
    case 'duplicateSku': {
      const detail = `Another product has the sku ${JSON.stringify(outcome.sku)}.`;
      return { problem: new Problem('duplicate_sku', detail), version: null };
    }
    case 'insufficientStock': {
      const detail = `There are ${outcome.stock} in stock, which is not enough.`;
      return { problem: new Problem('insufficient_stock', detail), version: outcome.version };
    }
    case 'mismatch': {
      const detail = 'This Idempotency-Key was used with another request. Take a new key for a new request.';
      return { problem: new Problem('idempotency_mismatch', detail), version: null };
    }
  }
}
