import { Agent, type IncomingHttpHeaders, request } from 'node:http';

/** An answer of the cluster, as a client sees it; status 0 when the connection broke. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Question {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; a string is sent as it is. */
  readonly json?: unknown;
}

/**
 * How long a connection is kept that nothing is asked on, ms: less than nginx (65 s) and replicas (15 s) keep it, or we ask on
 * one just as it is closed at the other end.
 */
const IDLE_MS = 5_000;
const agent = new Agent({ keepAlive: true, maxSockets: 512, timeout: IDLE_MS });
const PATIENCE_MS = 30_000;

/** One request on a kept-alive connection. Never throws: a broken connection is an answer too. */
export function ask(url: string, { method = 'GET', headers = {}, json }: Question = {}): Promise<Answer> {
  const body = json === undefined ? '' : typeof json === 'string' ? json : JSON.stringify(json);
  const all: Record<string, string> = { ...headers };
  if (json !== undefined) {
    all['content-type'] ??= 'application/json';
    all['content-length'] = String(Buffer.byteLength(body));
  }
  return new Promise((resolve) => {
    const broken = (error: Error) => resolve({ status: 0, headers: {}, body: error.message });
    const asked = request(url, { agent, method, headers: all, timeout: PATIENCE_MS }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('error', broken);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${PATIENCE_MS} ms`)));
    asked.on('error', broken);
    asked.end(body);
  });
}

export function header(answer: Answer, name: string): string | undefined {
  const value = answer.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

/** `X-Item-Version`; null where there is none. */
export function versionOf(answer: Answer): number | null {
  const text = header(answer, 'x-item-version');
  return text === undefined ? null : Number(text);
}

export function jsonOf<T>(answer: Answer): T {
  return JSON.parse(answer.body) as T;
}
