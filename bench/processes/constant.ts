/**
 * Express, answering one constant: nothing is looked up, nothing computed. The way of Express, `set` and `send`; or with
 * BARE the least that an answer of these headers and this body can cost in it, one flat list and one write, as the
 * replica does it.
 */
import type { AddressInfo } from 'node:net';
import express from 'express';

const headers = JSON.parse(process.env.HEADERS ?? '[]') as string[];
const body = process.env.BODY ?? '';
const named = Object.fromEntries(headers.flatMap((name, at) => (at % 2 === 0 ? [[name, headers[at + 1]]] : [])));

const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.get('/products/:id', (_request, response) => {
  if (process.env.BARE === undefined) response.set(named).send(body);
  else response.writeHead(200, headers).end(body);
});

const server = app.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }));
});
process.on('SIGTERM', () => process.exit(0));
