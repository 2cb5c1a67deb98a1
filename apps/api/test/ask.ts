import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { expect } from 'vitest';

export interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body, of whatever shape the test expects. */
  // biome-ignore lint/suspicious/noExplicitAny: a test says by its expectations what it is.
  readonly json: any;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Sent as it is when it is text, else as JSON, with its Content-Type unless `headers` has one. */
  readonly body?: unknown;
}

export const agent = new Agent({ keepAlive: true });

/** One request as a client makes it, on a kept-alive connection; path and headers go out as they are written. */
export function ask(url: string, { method = 'GET', headers = {}, body }: Asked = {}, by: Agent = agent): Promise<Got> {
  const { origin, hostname, port } = new URL(url);
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const chunked = headers['Transfer-Encoding'] !== undefined;
  const typed = {
    ...(text === undefined ? {} : { 'Content-Type': 'application/json' }),
    ...(text === undefined || chunked ? {} : { 'Content-Length': Buffer.byteLength(text) }),
  };
  return new Promise((resolve, reject) => {
    const asked = request(
      { agent: by, hostname, port, path: url.slice(origin.length), method, headers: { ...typed, ...headers } },
      (response) => {
        let said = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          said += part;
        });
        response.on('error', reject);
        response.on('end', () => {
          const isJson = /json/.test(response.headers['content-type'] ?? '') && said !== '';
          const json = isJson ? JSON.parse(said) : undefined;
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text: said, json });
        });
      },
    );
    asked.on('error', reject);
    asked.end(text);
  });
}

/**
 * As a client that has a key does it: what a busy machine has no time for is asked again. Of many writes at once each opens
 * a connection to Postgres, and all of them together may need longer than one of them may take.
 */
export async function insist(url: string, asked: Asked): Promise<Got> {
  for (;;) {
    const got = await ask(url, asked);
    if (got.status !== 503) return got;
  }
}

/** An answer that is an error: exactly the members of a problem, with the status and code of the contract. */
export function expectProblem(got: Got, status: number, code: string, more: object = {}): void {
  expect(got.json).toEqual({
    type: 'about:blank',
    title: expect.any(String),
    status,
    code,
    detail: expect.any(String),
    ...(code === 'invalid_body' ? { errors: expect.any(Array) } : {}),
    ...more,
  });
  expect(got.status).toBe(status);
  expect(got.headers['content-type']).toBe('application/problem+json');
  expect(got.headers['x-served-by']).toEqual(expect.any(String));
  if (status === 503) expect(got.headers['retry-after']).toMatch(/^[1-9]\d*$/);
}
