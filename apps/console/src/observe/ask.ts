import { Connection, type RawAnswer } from '@lockstep/traffic/connection';

/** Connections to one address that are kept for later, and for how long, ms: before whoever answers gives them up. */
const IDLE_MOST = 32;
const IDLE_MS = 2_000;

export interface Answer {
  readonly status: number;
  /** By their names in small letters. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Question {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly limitMs: number;
}

interface Idle {
  readonly connection: Connection;
  readonly since: number;
}

/** Host and port, host, port, path. A URL in full costs as much to read as the answer. */
const ADDRESS = /^http:\/\/((\[[^\]]+\]|[^:/]+)(?::(\d+))?)(\/.*)?$/;

const idle = new Map<string, Idle[]>();

/** One request on a kept-alive connection; null when there is no answer in time. Never throws. */
export function ask(url: string, question: Question): Promise<Answer | null> {
  return new Promise((resolve) => {
    askRaw(url, question, (raw) =>
      resolve(raw && { status: raw.status, headers: headersOf(raw.head), body: String(raw.body) }),
    );
  });
}

/** GETs a JSON object; null for anything else. */
export function askJson(url: string, limitMs: number): Promise<Record<string, unknown> | null> {
  return new Promise((resolve) => {
    askRaw(url, { limitMs }, (raw) => resolve(raw?.status === 200 ? objectIn(raw.body) : null));
  });
}

/** Ends the connections that are kept for later. */
export function forgetConnections(): void {
  for (const kept of idle.values()) for (const { connection } of kept) connection.close();
  idle.clear();
}

function askRaw(url: string, question: Question, answered: (raw: RawAnswer | null) => void): void {
  const [, host = '', name = '', port, path = '/'] = ADDRESS.exec(url) ?? [];
  const connection = keptFor(host) ?? new Connection(name.replace(/^\[|\]$/g, ''), Number(port ?? 80));
  // Once the sockets have been read:
  //   1: a replica answers   2: this process stands still until the limit has passed   3: timers come before sockets, and who
  //   has answered in time would be called silent.
  let last: NodeJS.Immediate | undefined;
  const late = setTimeout(() => {
    last = setImmediate(() => connection.close());
  }, question.limitMs);
  connection.ask(requestOf(host, path, question), (raw) => {
    clearTimeout(late);
    clearImmediate(last);
    if (connection.open) keep(host, connection);
    answered(raw);
  });
}

function keptFor(host: string): Connection | null {
  const kept = idle.get(host) ?? [];
  const oldest = performance.now() - IDLE_MS;
  while (kept[0] !== undefined && kept[0].since < oldest) kept.shift()?.connection.close();
  for (let one = kept.pop(); one !== undefined; one = kept.pop()) if (one.connection.open) return one.connection;
  idle.delete(host);
  return null;
}

function keep(host: string, connection: Connection): void {
  const kept = idle.get(host) ?? [];
  idle.set(host, kept);
  if (kept.length < IDLE_MOST) kept.push({ connection, since: performance.now() });
  else connection.close();
}

function requestOf(host: string, path: string, { method = 'GET', headers = {}, body = '' }: Question): string {
  let head = `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n`;
  for (const [name, value] of Object.entries(headers)) head += `${name}: ${value}\r\n`;
  if (body !== '') head += `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  return `${head}\r\n${body}`;
}

function headersOf(head: string): Record<string, string> {
  const fields = head.split('\r\n').slice(1);
  return Object.fromEntries(
    fields.map((field) => {
      const colon = field.indexOf(':');
      return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
    }),
  );
}

function objectIn(body: Buffer): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(String(body));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
