import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/**
 * Whether a request may give orders: only the console's own page may. Three things have to be right, as each stops
 * something else: the token (other programs), the Origin (other sites' pages), and the Host (a name of somebody else's
 * that was pointed at this address: its page would be of the same origin, and could read the token). Answers what is
 * wrong, or null.
 */
export class Guard {
  readonly #token: Buffer;
  readonly #hosts: ReadonlySet<string>;

  /** `hosts` are the names, with their port, under which the console is reached. */
  constructor(token: string, hosts: Iterable<string>) {
    this.#token = Buffer.from(token);
    this.#hosts = new Set(hosts);
  }

  /** For every request, reads included: what is shown is not for strangers' pages either. */
  hostProblem({ host }: IncomingHttpHeaders): string | null {
    return host !== undefined && this.#hosts.has(host.toLowerCase()) ? null : 'this host is not the console';
  }

  commandProblem(headers: IncomingHttpHeaders): string | null {
    const { origin } = headers;
    const token = Buffer.from(String(headers['x-console-token'] ?? ''));
    if (token.length !== this.#token.length || !timingSafeEqual(token, this.#token)) {
      return 'X-Console-Token is not the one of this console: reload the page';
    }
    if (origin !== undefined && !this.#hosts.has(origin.replace(/^https?:\/\//, '').toLowerCase())) {
      return 'orders are taken from the console’s own page only';
    }
    return this.hostProblem(headers);
  }
}

/** Names under which a port of this host is reached by default. */
export function hostsOf(host: string, port: number): string[] {
  return [...new Set(['localhost', '127.0.0.1', '[::1]', host.includes(':') ? `[${host}]` : host])].map(
    (name) => `${name.toLowerCase()}:${port}`,
  );
}
