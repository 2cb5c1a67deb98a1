/** Whatever order transactions begin, commit and are read in: no row that is not done gets out of a watermark's reach. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  BEGINNING,
  behind,
  behindAll,
  parseSnapshot,
  type RowKey,
  rewound,
  type Snapshot,
  type Watermark,
} from './watermark.ts';

/** Another number tries other orders; a failure names the one that it had. */
const SEED = Number(process.env.PROPERTY_SEED ?? 20_261_124);

interface Row extends RowKey {
  done: boolean;
}

const before = (a: RowKey, b: RowKey) => a.xid < b.xid || (a.xid === b.xid && a.id < b.id);
const ahead = ({ after }: Watermark, row: RowKey) => before(after, row);
const reaches = (watermark: Watermark, row: RowKey) => ahead(watermark, row) || watermark.open.includes(row.xid);

/** An outbox whose transactions draw xids in order, write in any, and end in any; and one relay's watermark. */
class Origin {
  readonly rows: Row[] = [];
  readonly running = new Set<bigint>();
  watermark = BEGINNING;
  #xid = 3n;
  #id = 0n;

  begin(): void {
    this.running.add(this.#xid++);
  }

  write(nth: number): void {
    const xid = this.#nth(nth);
    if (xid !== undefined) this.rows.push({ xid, id: ++this.#id, done: false });
  }

  end(nth: number, committed: boolean): void {
    const xid = this.#nth(nth);
    if (xid === undefined) return;
    this.running.delete(xid);
    if (!committed)
      for (const row of this.rows.filter((one) => one.xid === xid)) this.rows.splice(this.rows.indexOf(row), 1);
  }

  /** A round that takes so many rows, as Postgres would give them. */
  round(limit: number): void {
    const snapshot: Snapshot = { end: this.#xid, running: [...this.running] };
    const found = this.rows
      .filter((row) => !row.done && !this.running.has(row.xid) && reaches(this.watermark, row))
      .sort((a, b) => (before(a, b) ? -1 : 1));
    const late = found.filter((row) => !ahead(this.watermark, row));
    if (late.length > limit) {
      this.watermark = rewound(this.watermark);
      this.round(limit);
      return;
    }
    const taken = found.slice(0, limit);
    for (const row of taken) row.done = true;
    const last = taken.filter((row) => ahead(this.watermark, row)).at(-1) ?? this.watermark.after;
    this.watermark = taken.length === found.length ? behindAll(snapshot) : behind(snapshot, last);
  }

  #nth(nth: number): bigint | undefined {
    return [...this.running][nth % Math.max(1, this.running.size)];
  }
}

const nth = fc.nat(5);
const step = fc.oneof(
  fc.record({ do: fc.constant('begin' as const) }),
  fc.record({ do: fc.constant('write' as const), nth }),
  fc.record({ do: fc.constant('write' as const), nth }),
  fc.record({ do: fc.constant('end' as const), nth, committed: fc.boolean() }),
  fc.record({ do: fc.constant('round' as const), limit: fc.integer({ min: 1, max: 4 }) }),
);

test('no row that is not done gets out of reach, and in the end every row is done', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
      const origin = new Origin();
      for (const one of steps) {
        if (one.do === 'begin') origin.begin();
        else if (one.do === 'write') origin.write(one.nth);
        else if (one.do === 'end') origin.end(one.nth, one.committed);
        else origin.round(one.limit);
        expect(origin.rows.filter((row) => !row.done && !reaches(origin.watermark, row))).toEqual([]);
      }
      while (origin.running.size > 0) origin.end(0, true);
      for (let rounds = 0; rounds <= 2 * origin.rows.length; rounds++) origin.round(1);
      expect(origin.rows.filter((row) => !row.done)).toEqual([]);
    }),
    { seed: SEED, numRuns: 2_000 },
  );
});

test('a snapshot is read as Postgres writes it', () => {
  expect(parseSnapshot('20757:20757:')).toEqual({ end: 20_757n, running: [] });
  expect(parseSnapshot('10:20:10,14,15')).toEqual({ end: 20n, running: [10n, 14n, 15n] });
  expect(() => parseSnapshot('nonsense')).toThrow('is no snapshot');
});
