import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { expect } from 'vitest';

export interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const agent = new Agent({ keepAlive: true });

/** One request as a client makes it, on a kept-alive connection; the path goes out as it is written. */
export function get(
  url: string,
  {
    method = 'GET',
    headers = {},
    body = '',
  }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Got> {
  const { origin, hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const asked = request({ agent, hostname, port, path: url.slice(origin.length), method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

/** An answer that nginx made: exactly the members of a problem, with the code of the contract. */
export function expectProblem(got: Got, status: number, code: string): void {
  expect(got.status).toBe(status);
  expect(got.headers['content-type']).toBe('application/problem+json');
  expect(JSON.parse(got.body)).toEqual({
    type: 'about:blank',
    title: expect.any(String),
    status,
    code,
    detail: expect.any(String),
  });
}
