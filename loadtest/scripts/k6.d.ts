/**
 * The part of k6 that the scripts use, so that they are checked without its types as a dependency. k6 itself brings
 * the modules; https://grafana.com/docs/k6/latest/javascript-api/ describes them.
 */
declare module 'k6/http' {
  export interface Params {
    readonly headers?: Readonly<Record<string, string>>;
    /** `name` stands for the URL in the metrics: without it, each product would be a time series of its own. */
    readonly tags?: Readonly<Record<string, string>>;
    readonly timeout?: string;
    readonly redirects?: number;
    readonly responseCallback?: unknown;
  }
  export interface Response {
    /** 0 when nobody answered. */
    readonly status: number;
    /** In Go's spelling: `X-Served-By`, `Etag`. */
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string | null;
    readonly error: string;
  }
  const http: {
    request(method: string, url: string, body: string | null, params?: Params): Response;
    /** What is no failure to `http_req_failed`. */
    expectedStatuses(...statuses: (number | { readonly min: number; readonly max: number })[]): unknown;
  };
  export default http;
}

declare module 'k6/metrics' {
  export class Counter {
    constructor(name: string);
    add(value: number): void;
  }
}

declare module 'k6/execution' {
  const execution: {
    readonly scenario: { readonly iterationInTest: number };
  };
  export default execution;
}

declare module 'k6' {
  export function sleep(seconds: number): void;
}

/** What `k6 run -e NAME=VALUE` says. */
declare const __ENV: Readonly<Record<string, string | undefined>>;

/** The number of the virtual user: 1 and up; 0 in setup and teardown. */
declare const __VU: number;
