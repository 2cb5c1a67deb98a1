import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import type { Logger } from 'pino';
import { problemOf } from './http/failure.ts';
import { checkPath } from './http/parameters.ts';
import { Problem, sendProblem } from './http/problem.ts';
import { Throttle } from './log.ts';

/** The methods of one path. GET stands for HEAD as well. */
export interface Path {
  readonly path: string;
  readonly get?: RequestHandler<never> | undefined;
  readonly post?: RequestHandler<never> | undefined;
  readonly put?: RequestHandler<never> | undefined;
  readonly patch?: RequestHandler<never> | undefined;
  readonly delete?: RequestHandler<never> | undefined;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/**
 * An Express application of these paths, in this order. What is not there is a problem: 404, 405 with `Allow`, and 500
 * with nothing but its code for what nobody has foreseen.
 */
export function createApp(name: string, log: Logger, paths: readonly Path[]): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.enable('strict routing');
  for (const path of paths) mount(app, path);
  app.use((request) => {
    checkPath(request.path);
    throw new Problem('not_found', 'There is nothing at this path.');
  });
  app.use(errorHandler(name, log));
  return app;
}

function mount(app: Express, path: Path): void {
  const route = app.route(path.path);
  const there = METHODS.filter((method) => path[method] !== undefined);
  // The template labels metrics: the path itself would have no bound.
  const named =
    (handler: RequestHandler): RequestHandler =>
    (request, response, next) => {
      response.locals.route = path.path;
      return handler(request, response, next);
    };
  for (const method of there) route[method](named(path[method] as unknown as RequestHandler));
  const allow = there.flatMap((method) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()])).join(', ');
  route.all(
    named(() => {
      throw new Problem('method_not_allowed', `Here are ${allow}.`, { headers: { Allow: allow } });
    }),
  );
}

function errorHandler(name: string, log: Logger): ErrorRequestHandler {
  const throttle = new Throttle();
  return (error: unknown, request, response, _next) => {
    const problem = problemOf(error);
    if (problem.status >= 500) {
      const left = throttle.pass(problem.code);
      const line = { err: error, code: problem.code, method: request.method, path: request.path, left };
      if (problem.code === 'internal') log.error(line, 'a request failed');
      else if (left !== undefined) log.warn(line, 'a request was refused');
    }
    sendProblem(response, problem, name);
  };
}
