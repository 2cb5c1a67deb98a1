import { Client } from 'pg';

/** How often the origin is looked at, ms; a commit is known that much later at most. */
const POLL_MS = 100;
/** After a connection was lost or could not be had, ms. */
const RECONNECT_MS = 500;
const CONNECT_LIMIT_MS = 3_000;
/** An origin that says nothing for longer is asked again on another connection. */
const QUERY_LIMIT_MS = 5_000;
/** Rows that one look takes in. */
const ROWS_MOST = 5_000;
/** Keys whose version is kept; beyond, those that were written longest ago are asked for again. */
const KEYS_MOST = 20_000;

/** A version that a key has at the origin. Times on the monotonic clock, ms. */
export interface Committed {
  readonly key: string;
  readonly version: number;
  /** The look before this one had begun: the commit was not there yet. */
  readonly begun: number;
  /** This look had ended: it was. */
  readonly at: number;
}

/**
 * Rows that are visible now and were not in the snapshot of the last look. Neither ids nor xids are in the order of
 * commits, so no cursor over either would do: 1: A draws id 5  2: B draws id 6 and commits  3: a look takes 6, and goes on
 * behind it  4: A commits 5, which nobody ever sees. Postgres itself knows which transactions a snapshot lacked.
 * The row's version is read in the same snapshot; of several writes of one key since the last look only the newest is told.
 */
const NEWS = `WITH news AS MATERIALIZED (
    SELECT id, key FROM outbox
    WHERE xid >= pg_snapshot_xmin($1::text::pg_snapshot) AND NOT pg_visible_in_snapshot(xid, $1::text::pg_snapshot)
    ORDER BY xid, id LIMIT ${ROWS_MOST}
  )
  SELECT pg_current_snapshot()::text AS snapshot, (SELECT count(*) FROM news)::int AS looked, o.key, p.version
  FROM (SELECT) AS once LEFT JOIN (SELECT key, max(id) AS id FROM news GROUP BY key) AS o ON true
  LEFT JOIN products AS p ON p.id = substring(o.key FROM '^product:(\\d{1,18})$')::bigint
  ORDER BY o.id`;

const VERSIONS = `SELECT pg_current_snapshot()::text AS snapshot, 0 AS looked, 'product:' || p.id AS key, p.version
  FROM (SELECT) AS once LEFT JOIN products AS p ON p.id = ANY($1::bigint[])`;

interface Row {
  readonly snapshot: string;
  readonly looked: number;
  readonly key: string | null;
  readonly version: string | null;
}

export interface TailOptions {
  readonly databaseUrl: string;
  /** Products whose version is known from the start. */
  readonly ids: readonly number[];
  readonly committed: (commit: Committed) => void;
  /** The origin is followed, or no longer. */
  readonly state: (follows: boolean) => void;
}

/**
 * The truth: what is committed at the origin, from the origin itself, on a connection of its own. Neither the cache nor
 * the bus nor a replica has a part in it.
 */
export class OriginTail {
  readonly #options: TailOptions;
  readonly #versions = new Map<string, number>();
  #client: Client | null = null;
  #snapshot: string | null = null;
  #lookedAt = 0;
  #follows = false;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  #turn: Promise<void> = Promise.resolve();

  constructor(options: TailOptions) {
    this.#options = options;
  }

  get follows(): boolean {
    return this.#follows;
  }

  /** The newest known, by key. */
  get versions(): ReadonlyMap<string, number> {
    return this.#versions;
  }

  start(): void {
    this.#next(0);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#turn;
    await this.#drop();
  }

  #next(ms: number): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#turn = this.#look().then(
        () => this.#next(POLL_MS),
        async () => {
          this.#say(false);
          await this.#drop();
          this.#next(RECONNECT_MS);
        },
      );
    }, ms);
  }

  async #look(): Promise<void> {
    const client = this.#client ?? (await this.#connect());
    const begun = this.#lookedAt;
    const since = performance.now();
    const { rows } =
      this.#snapshot === null
        ? await client.query<Row>(VERSIONS, [this.#options.ids])
        : // By its name: it is told and read once for each connection.
          await client.query<Row>({ name: 'news', text: NEWS, values: [this.#snapshot] });
    const at = performance.now();
    for (const { key, version } of rows) {
      if (key === null || version === null) continue;
      this.#know(key, Number(version), this.#snapshot === null ? since : begun, at);
    }
    // More than one look takes in: nothing says where to go on, so the next one reads versions anew.
    const [first] = rows;
    this.#snapshot = first === undefined || first.looked >= ROWS_MOST ? null : first.snapshot;
    this.#lookedAt = since;
    this.#say(true);
  }

  #know(key: string, version: number, begun: number, at: number): void {
    const known = this.#versions.get(key);
    if (known !== undefined && known >= version) return;
    this.#versions.delete(key);
    this.#versions.set(key, version);
    if (this.#versions.size > KEYS_MOST) this.#versions.delete(this.#versions.keys().next().value as string);
    this.#options.committed({ key, version, begun, at });
  }

  async #connect(): Promise<Client> {
    const client = new Client({
      connectionString: this.#options.databaseUrl,
      connectionTimeoutMillis: CONNECT_LIMIT_MS,
      query_timeout: QUERY_LIMIT_MS,
      application_name: 'lockstep-console',
    });
    client.on('error', () => undefined);
    this.#client = client;
    await client.connect();
    await client.query('SET default_transaction_read_only = on');
    return client;
  }

  /** Another connection may lead to a server that has been started anew, where xids begin again: versions are read anew. */
  async #drop(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    this.#snapshot = null;
    await client?.end().catch(() => undefined);
  }

  #say(follows: boolean): void {
    if (follows === this.#follows) return;
    this.#follows = follows;
    this.#options.state(follows);
  }
}
