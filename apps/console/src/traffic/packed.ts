import type { Level, Operation } from '@lockstep/history';

/** An operation of a customer, as it ends; customers and products by their numbers. */
export interface Ended {
  readonly client: number;
  readonly id: number;
  /** Null: a write. */
  readonly level: Level | null;
  readonly start: number;
  readonly end: number;
  readonly version: number | null;
  readonly outcome: Operation['outcome'];
  readonly replica: string | undefined;
  readonly tier: string | undefined;
}

/** Operations as numbers, of which a message between threads is moved rather than copied field by field. */
export interface Packed {
  readonly rows: Float64Array<ArrayBuffer>;
  /** What the rows name: replicas and tiers. */
  readonly names: readonly string[];
}

/** client, id, level, start, end, version, outcome, replica, tier. */
const COLUMNS = 9;
const ROWS_FIRST = 64;
/** In place of a version or a name that there is not. */
const NONE = -1;
const LEVELS: readonly (Level | null)[] = [null, 'bounded', 'session', 'strong'];
const OUTCOMES: readonly Operation['outcome'][] = ['ok', 'failed', 'unknown'];

/** Collects operations until they are taken. */
export class Packer {
  #rows = new Float64Array(ROWS_FIRST * COLUMNS);
  #used = 0;
  #names: string[] = [];

  /** `shift` is added to its times. */
  add({ client, id, level, start, end, version, outcome, replica, tier }: Ended, shift: number): void {
    if (this.#used === this.#rows.length) this.#grow();
    const rows = this.#rows;
    let at = this.#used;
    rows[at++] = client;
    rows[at++] = id;
    rows[at++] = LEVELS.indexOf(level);
    rows[at++] = start + shift;
    rows[at++] = end + shift;
    rows[at++] = version ?? NONE;
    rows[at++] = OUTCOMES.indexOf(outcome);
    rows[at++] = this.#name(replica);
    rows[at++] = this.#name(tier);
    this.#used = at;
  }

  take(): Packed {
    const packed = { rows: this.#rows.slice(0, this.#used), names: this.#names };
    this.#used = 0;
    this.#names = [];
    return packed;
  }

  #grow(): void {
    const rows = new Float64Array(2 * this.#rows.length);
    rows.set(this.#rows);
    this.#rows = rows;
  }

  /** There are as many as replicas: looking through them is quicker than hashing. */
  #name(name: string | undefined): number {
    if (name === undefined) return NONE;
    const known = this.#names.indexOf(name);
    return known >= 0 ? known : this.#names.push(name) - 1;
  }
}

/** Makes operations of what was packed. The words for customers and products are made once. */
export class Unpacker {
  readonly #keys = new Map<number, string>();
  readonly #clients: string[] = [];

  /** `ids` are the products that may come. */
  constructor(ids: readonly number[]) {
    for (const id of ids) this.#keys.set(id, `product:${id}`);
  }

  all({ rows, names }: Packed): Operation[] {
    const operations: Operation[] = [];
    for (let at = 0; at < rows.length; at += COLUMNS) operations.push(this.#one(rows, at, names));
    return operations;
  }

  #one(rows: Float64Array, at: number, names: readonly string[]): Operation {
    const of = (column: number) => rows[at + column] as number;
    const client = of(0);
    const id = of(1);
    const level = LEVELS[of(2)] ?? null;
    const version = of(5);
    this.#clients[client] ??= `u${client}`;
    const common = {
      client: this.#clients[client],
      key: this.#keys.get(id) ?? `product:${id}`,
      start: of(3),
      end: of(4),
      version: version === NONE ? null : version,
      outcome: OUTCOMES[of(6)] ?? 'unknown',
      replica: names[of(7)],
      tier: names[of(8)],
    };
    return level === null ? { kind: 'write', ...common } : { kind: 'read', level, ...common };
  }
}
