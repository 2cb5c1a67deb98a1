import type { Cache, ReadResult } from '@lockstep/cache';
import type { Request, RequestHandler, Response } from 'express';
import type { Catalogue } from '../catalogue.ts';
import { answerRead } from '../http/answer.ts';
import { idOf, noQuery, queryOf, type Wish, wholeNumber, wishOf } from '../http/parameters.ts';
import { Problem } from '../http/problem.ts';
import type { ListPage, ListQuery, ProductView } from '../product.ts';
import { isSlug, SLUG_RULE } from '../product-body.ts';

const LIMIT_DEFAULT = 20;
const LIMIT_MOST = 100;

export interface ReadsOptions {
  readonly name: string;
  readonly cache: Cache;
  readonly catalogue: Catalogue;
}

/** `GET /products/:id` and `GET /products`. */
export function readRoutes({ name, cache, catalogue }: ReadsOptions): {
  readonly product: RequestHandler<{ id: string }>;
  readonly list: RequestHandler;
} {
  const answer = <V extends ProductView | ListPage>(
    request: Request<never>,
    response: Response,
    wish: Wish,
    read: () => ReadResult<V> | Promise<ReadResult<V>>,
  ): void | Promise<void> => {
    const since = performance.now();
    const finish = (result: ReadResult<V>) => {
      const elapsedMs = performance.now() - since;
      answerRead(request, response, {
        servedBy: name,
        result,
        elapsedMs,
        token: cache.issue(result.stamp, wish.token),
      });
    };
    const result = read();
    return result instanceof Promise ? result.then(finish) : finish(result);
  };
  return {
    product: (request, response) => {
      const id = idOf(request.params.id);
      noQuery(request.url);
      const wish = wishOf(request.headers);
      return answer(request as Request<never>, response, wish, () => catalogue.product(id, wish));
    },
    list: (request, response) => {
      const query = listQuery(request.url);
      const wish = wishOf(request.headers);
      return answer(request as Request<never>, response, wish, () => catalogue.list(query, wish));
    },
  };
}

function listQuery(url: string): ListQuery {
  const { category, limit, after } = queryOf(url, ['category', 'limit', 'after'] as const);
  if (category !== undefined && !isSlug(category)) throw new Problem('invalid_parameter', `The category ${SLUG_RULE}.`);
  return {
    category: category ?? null,
    limit: numberOf('limit', limit, LIMIT_DEFAULT, 1, LIMIT_MOST),
    after: numberOf('after', after, 0, 0, Number.MAX_SAFE_INTEGER),
  };
}

function numberOf(name: string, text: string | undefined, otherwise: number, least: number, most: number): number {
  if (text === undefined) return otherwise;
  const value = wholeNumber(text);
  if (value !== undefined && value >= least && value <= most) return value;
  throw new Problem('invalid_parameter', `The query's ${name} must be a whole number from ${least} to ${most}.`);
}
