/** Broken promises that one session can prove by itself, without knowing of any other. */
export type Breach =
  /** A read returned what this session's own write had superseded for longer than S. */
  | 'beyond_bound'
  /** A write was acknowledged with a version that does not come after what this session had seen before. */
  | 'lost_write'
  /** With tokens: a read returned less than this session's own acknowledged write. */
  | 'read_your_writes'
  /** With tokens: a read returned less than this session had read. */
  | 'monotonic_reads';

export const BREACHES: readonly Breach[] = ['beyond_bound', 'lost_write', 'read_your_writes', 'monotonic_reads'];

/** A span of one clock in ms; the end is not before the answer, the start not after the request. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface SessionOptions {
  /** S, ms. */
  readonly boundMs: number;
  /** Whether it sends its token with each request: read-your-writes and monotonic reads are promised with tokens only. */
  readonly tokens: boolean;
}

interface Seen {
  readonly version: number;
  readonly end: number;
}

/** Own writes of one key that are remembered: those younger than S, and the newest of the older ones. */
const WRITES_KEPT = 64;

/**
 * One user, whose requests follow each other at whatever replicas. It remembers per key what it has written and read,
 * and says of each answer which promises that breaks. Sound: it concludes only from its own acknowledged operations.
 * Not complete: what takes two users to be seen is left to the judge of the whole history.
 */
export class Session {
  readonly #options: SessionOptions;
  readonly #writes = new Map<string, Seen[]>();
  readonly #read = new Map<string, number>();
  /** The newest token, to be sent with the next request; null without tokens, or before the first answer. */
  token: string | null = null;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** Takes over the token of an answer. */
  answered(token: string | undefined): void {
    if (this.#options.tokens && token !== undefined && token !== '') this.token = token;
  }

  /** A write of this key was acknowledged with this version. */
  wrote(key: string, version: number, { end }: Span): Breach[] {
    const writes = this.#writes.get(key) ?? [];
    const before = Math.max(this.#read.get(key) ?? 0, writes.at(-1)?.version ?? 0);
    if (version <= before) return ['lost_write'];
    writes.push({ version, end });
    // Forgetting old ones costs power, not soundness: a newer own write takes their place once it is older than S.
    if (writes.length > WRITES_KEPT) writes.splice(1, 1);
    this.#writes.set(key, writes);
    return [];
  }

  /** A read of this key returned this version. */
  read(key: string, version: number, { start }: Span): Breach[] {
    const { boundMs, tokens } = this.#options;
    const writes = this.#writes.get(key) ?? [];
    const breaches: Breach[] = [];
    // A write that ended exactly S before is not older than S.
    if (writes.some((write) => write.version > version && start - write.end > boundMs)) breaches.push('beyond_bound');
    if (tokens && version < (writes.at(-1)?.version ?? 0)) breaches.push('read_your_writes');
    const floor = this.#read.get(key) ?? 0;
    if (tokens && version < floor) breaches.push('monotonic_reads');
    this.#read.set(key, Math.max(floor, version));
    this.#forget(writes, start);
    return breaches;
  }

  /** Of the writes older than S only the newest can still prove anything. */
  #forget(writes: Seen[], now: number): void {
    const young = writes.findIndex(({ end }) => now - end <= this.#options.boundMs);
    const old = young === -1 ? writes.length : young;
    if (old > 1) writes.splice(0, old - 1);
  }
}
