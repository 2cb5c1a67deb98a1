import fc from 'fast-check';
import type { Level, Operation } from '../operation.ts';

const LENGTH_MS = 30;

interface Draft {
  readonly client: string;
  readonly isWrite: boolean;
  readonly start: number;
  readonly before: number;
  readonly after: number;
  readonly outcome: Operation['outcome'];
  readonly happened: boolean;
  readonly asked: boolean;
  readonly slip: number;
}

const draft = fc.record<Draft>({
  client: fc.constantFrom('a', 'b', 'c'),
  isWrite: fc.boolean(),
  start: fc.nat(LENGTH_MS),
  before: fc.nat(3),
  after: fc.nat(3),
  outcome: fc.constantFrom('ok', 'ok', 'ok', 'ok', 'unknown', 'unknown', 'failed'),
  happened: fc.boolean(),
  asked: fc.constantFrom(false, false, true),
  slip: fc.constantFrom(0, 0, 0, -1, -2, 1),
});

/**
 * Small histories of one key, about half of them true to a counter: every operation takes effect at one instant of its
 * interval, and gets what the counter says there; then some versions slip.
 */
export function histories(level: Level, most = 8): fc.Arbitrary<Operation[]> {
  return fc
    .tuple(fc.array(draft, { maxLength: most, size: 'max' }), fc.boolean(), fc.nat(2))
    .map(([drafts, slips, initial]) => {
      let version = initial;
      const byInstant = drafts.toSorted((x, y) => x.start + x.before - (y.start + y.before));
      return byInstant.map((one): Operation => {
        const end = one.start + one.before + one.after;
        const common = { client: one.client, key: 'k', start: one.start, end, outcome: one.outcome };
        if (one.isWrite && one.outcome !== 'failed' && (one.outcome === 'ok' || one.happened)) version++;
        const seen = Math.max(0, version + (slips ? one.slip : 0));
        if (!one.isWrite) return { ...common, kind: 'read', level, version: one.outcome === 'ok' ? seen : null };
        const isKnown = one.outcome === 'ok' || (one.outcome === 'unknown' && one.happened && one.asked);
        return { ...common, kind: 'write', version: isKnown ? Math.max(1, seen) : null };
      });
    });
}
