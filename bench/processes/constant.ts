/**
 * Express, answering one constant: the least that an answer of these headers and this body can cost in it. Nothing is
 * looked up, nothing computed; the headers go out as one flat list, as the replica's do.
 */
import type { AddressInfo } from 'node:net';
import express from 'express';

const headers = JSON.parse(process.env.HEADERS ?? '[]') as string[];
const body = process.env.BODY ?? '';

const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.get('/products/:id', (_request, response) => {
  response.writeHead(200, headers);
  response.end(body);
});

const server = app.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }));
});
process.on('SIGTERM', () => process.exit(0));
