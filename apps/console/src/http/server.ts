import type { Server, ServerResponse } from 'node:http';
import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler } from 'express';
import { Refusal } from '../refusal.ts';
import type { Verdict } from '../shared/state.ts';
import { Assets } from './assets.ts';
import type { Guard } from './guard.ts';
import type { Stream } from './stream.ts';

/** Bytes of an order. */
const BODY_BYTES = 4_096;

/** What the page may ask for and do. Each throws `Refusal` for what cannot be done, with the reason. */
export interface Orders {
  fault(body: Fields): Promise<{ id: string }>;
  undo(id: string): Promise<void>;
  traffic(body: Fields): Promise<void>;
  scale(body: Fields): Promise<void>;
  protocol(body: Fields): Promise<void>;
  scenario(body: Fields): Promise<void>;
  endScenario(): Promise<void>;
  edit(body: Fields): Promise<object>;
  product(id: string, query: Fields): Promise<object>;
}

export type Fields = Readonly<Record<string, unknown>>;

export interface ServerParts {
  readonly token: string;
  readonly guard: () => Guard;
  readonly stream: Stream;
  readonly verdict: () => Verdict;
  readonly orders: Orders;
}

/** Nothing from elsewhere, nothing inline, no frames: what the page runs and shows is what lies beside it. */
const HEADERS = {
  'Content-Security-Policy': "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

/** The console's HTTP side: the page, its stream, and its orders. */
export function createApp({ token, guard, stream, verdict, orders }: ServerParts): Express {
  const assets = new Assets();
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use((_request, response, next) => {
    response.set(HEADERS);
    next();
  });
  // Whoever watches over the process asks by any name, and learns nothing.
  app.get('/healthz', (_request, response) => void response.type('text').send('ok\n'));
  app.use((request, _response, next) => {
    const problem = guard().hostProblem(request.headers);
    if (problem !== null) throw new Refusal(403, problem);
    next();
  });
  app.get('/', (_request, response) => sendAsset(response, assets.page(token)));
  app.get(['/assets/*path', '/shared/*path', '/vendor/*path'], (request, response) =>
    sendAsset(response, assets.get(request.path)),
  );
  app.get('/api/events', (request, response) => {
    const last = request.headers['last-event-id'];
    if (!stream.add(response, typeof last === 'string' ? last : undefined)) {
      throw new Refusal(503, 'too many pages are open already: close one of them');
    }
  });
  app.get('/api/verdict', (_request, response) => void response.json(verdict()));
  app.get('/api/product/:id', async (request, response) => {
    response.json(await orders.product(request.params.id, request.query as Fields));
  });
  mountOrders(app, guard, orders);
  app.use(() => {
    throw new Refusal(404, 'there is nothing here');
  });
  app.use(failed);
  return app;
}

function mountOrders(app: Express, guard: () => Guard, orders: Orders): void {
  const own: RequestHandler = (request, _response, next) => {
    const problem = guard().commandProblem(request.headers);
    if (problem !== null) throw new Refusal(403, problem);
    next();
  };
  const body = express.json({ limit: BODY_BYTES });
  const obey =
    (work: (request: Request) => Promise<unknown>): RequestHandler =>
    async (request, response) => {
      const answer = await work(request);
      if (answer === undefined) response.status(204).end();
      else response.json(answer);
    };
  app.post(
    '/api/faults',
    own,
    body,
    obey((request) => orders.fault(fieldsOf(request))),
  );
  app.delete(
    '/api/faults/:id',
    own,
    obey((request) => orders.undo(String(request.params.id))),
  );
  app.post(
    '/api/traffic',
    own,
    body,
    obey((request) => orders.traffic(fieldsOf(request))),
  );
  app.post(
    '/api/scale',
    own,
    body,
    obey((request) => orders.scale(fieldsOf(request))),
  );
  app.post(
    '/api/protocol',
    own,
    body,
    obey((request) => orders.protocol(fieldsOf(request))),
  );
  app.post(
    '/api/scenario',
    own,
    body,
    obey((request) => orders.scenario(fieldsOf(request))),
  );
  app.delete(
    '/api/scenario',
    own,
    obey(() => orders.endScenario()),
  );
  app.post(
    '/api/edit',
    own,
    body,
    obey((request) => orders.edit(fieldsOf(request))),
  );
}

function fieldsOf(request: Request): Fields {
  const body: unknown = request.body;
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Fields;
  throw new Refusal(400, 'the body has to be a JSON object');
}

function sendAsset(response: ServerResponse, asset: { type: string; body: Buffer } | null): void {
  if (asset === null) throw new Refusal(404, 'there is no such file');
  response.writeHead(200, { 'Content-Type': asset.type, 'Content-Length': asset.body.length });
  response.end(asset.body);
}

const failed: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (response.headersSent) return next(error);
  const { status = 500, message } = error as { status?: number; message?: string };
  if (!(error instanceof Refusal) && status >= 500) console.error(error);
  const code = error instanceof Refusal ? { code: error.code } : {};
  response.status(status).json({ error: message ?? 'something went wrong', ...code });
};

/** Ends the listener and every connection. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
