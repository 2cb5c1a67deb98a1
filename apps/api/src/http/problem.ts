import { type ServerResponse, STATUS_CODES } from 'node:http';

/** The codes of docs/HTTP.md that a replica gives, and their status. */
const PROBLEMS = {
  invalid_body: 400,
  invalid_parameter: 400,
  not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  insufficient_stock: 409,
  duplicate_sku: 409,
  precondition_failed: 412,
  payload_too_large: 413,
  unsupported_media_type: 415,
  idempotency_mismatch: 422,
  internal: 500,
  draining: 503,
  origin_unavailable: 503,
  overloaded: 503,
  cache_unreachable: 503,
  outcome_unknown: 503,
} as const;

export type ProblemCode = keyof typeof PROBLEMS;

/** A field of a body, as a path such as `priceCents`; '' is the body itself. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

/** Seconds after which a refused request may be tried again. */
const RETRY_AFTER_S = '1';

export type Headers = Readonly<Record<string, string>>;

/** An answer that is an error (RFC 9457). Thrown where it is found out, sent by whoever answers. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly status: number;
  readonly headers: Headers;
  readonly errors: readonly FieldError[] | undefined;

  constructor(code: ProblemCode, detail: string, more: { headers?: Headers; errors?: readonly FieldError[] } = {}) {
    super(detail);
    this.name = 'Problem';
    this.code = code;
    this.status = PROBLEMS[code];
    this.headers = more.headers ?? {};
    this.errors = more.errors;
  }

  get body(): string {
    const { status, code, message, errors } = this;
    const title = STATUS_CODES[status] ?? '';
    return `${JSON.stringify({ type: 'about:blank', title, status, code, detail: message, errors })}\n`;
  }
}

/** Everything that a problem's answer says before its body. */
export function problemHeaders(problem: Problem, servedBy: string, body = problem.body): Record<string, string> {
  return {
    'X-Served-By': servedBy,
    'Content-Type': 'application/problem+json',
    'Content-Length': String(Buffer.byteLength(body)),
    'Cache-Control': 'no-store',
    ...(problem.status === 503 ? { 'Retry-After': RETRY_AFTER_S } : {}),
    ...problem.headers,
  };
}

/** Sends it, unless an answer has begun: then the connection ends, as half an answer must not look like a whole one. */
export function sendProblem(response: ServerResponse, problem: Problem, servedBy: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { body } = problem;
  response.writeHead(problem.status, problemHeaders(problem, servedBy, body));
  response.end(body);
}
