import { createHash } from 'node:crypto';
import type { Cache } from '@lockstep/cache';
import type { Request, RequestHandler, Response } from 'express';
import { answerWrite } from '../http/answer-write.ts';
import { readBody } from '../http/body.ts';
import { versionsOf } from '../http/etag.ts';
import { idempotencyKeyOf, idOf, noQuery, type Wish, wishOf } from '../http/parameters.ts';
import type { Condition, Idempotency, WriteOrder } from '../origin/origin.ts';
import { newProduct, purchase, someOfProduct, wholeProduct } from '../product-body.ts';
import type { CatalogueWriter, Written } from '../writer.ts';

type ById = RequestHandler<{ id: string }>;

export interface WritesOptions {
  readonly name: string;
  readonly cache: Cache;
  readonly writer: CatalogueWriter;
  /** S, of which `X-Cache-Proof` speaks. */
  readonly boundMs: number;
}

/** Everything that changes a product. Path, query and headers are looked at before the body, all of it before the write. */
export function writeRoutes({ name, cache, writer, boundMs }: WritesOptions): {
  readonly create: RequestHandler;
  readonly replace: ById;
  readonly patch: ById;
  readonly remove: ById;
  readonly purchase: ById;
} {
  const answer = async (response: Response, { token }: Wish, write: () => Promise<Written>) => {
    const since = performance.now();
    const written = await write();
    const elapsedMs = performance.now() - since;
    const next = cache.issue(written.stamps, token);
    answerWrite(response, written, { servedBy: name, boundMs, elapsedMs, token: next });
  };
  /** The writes of one product, which differ in what they take from the request. */
  const byId =
    (orderOf: (id: number, request: Request, response: Response) => Promise<Asked>): ById =>
    async (request, response) => {
      const id = idOf(request.params.id);
      const asked = headersOf(request);
      const { order, ...what } = await orderOf(id, request as unknown as Request, response);
      const idempotency = idempotencyOf(asked.key, request, what);
      await answer(response, asked.wish, () => writer.write(order, idempotency));
    };
  return {
    create: async (request, response) => {
      const { key, wish } = headersOf(request);
      const body = await readBody(request, response, newProduct);
      await answer(response, wish, () => writer.create(body, idempotencyOf(key, request, { body })));
    },
    replace: byId(async (id, request, response) => {
      const body = await readBody(request, response, wholeProduct);
      return { order: { kind: 'replace', id, fields: body, condition: conditionOf(request, id) }, body };
    }),
    patch: byId(async (id, request, response) => {
      const body = await readBody(request, response, someOfProduct);
      return { order: { kind: 'patch', id, fields: body, condition: conditionOf(request, id) }, body };
    }),
    remove: byId(async (id, request) => ({ order: { kind: 'delete', id, condition: conditionOf(request, id) } })),
    purchase: byId(async (id, request, response) => {
      const body = await readBody(request, response, purchase);
      // A purchase is not conditional: it is atomic by itself.
      return { order: { kind: 'purchase', id, quantity: body.quantity }, body };
    }),
  };
}

interface Asked {
  readonly order: WriteOrder;
  readonly body?: object;
}

function headersOf(request: Request<never> | Request<{ id: string }> | Request): { key: string | null; wish: Wish } {
  noQuery(request.url);
  return { key: idempotencyKeyOf(request.headers), wish: wishOf(request.headers) };
}

function conditionOf({ headers }: Request, id: number): Condition {
  const header = headers['if-match'];
  return header === undefined ? null : versionsOf(header, id);
}

/** The fingerprint tells a repeated request from another one under the same key; members of a body have no order. */
function idempotencyOf(
  key: string | null,
  request: Request<never> | Request<{ id: string }> | Request,
  { body = {} }: { readonly body?: object },
): Idempotency | null {
  if (key === null) return null;
  const members = Object.entries(body).sort(([a], [b]) => (a < b ? -1 : 1));
  const said = [request.method, request.path, request.headers['if-match'] ?? null, members];
  return { key, fingerprint: createHash('sha256').update(JSON.stringify(said)).digest('hex') };
}
