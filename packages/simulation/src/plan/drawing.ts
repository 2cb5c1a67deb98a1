import type { Level } from '@lockstep/cache';
import type { Random } from '../time/random.ts';
import { INVALIDATED, isShown, LIST, PSQL, SHOWN, UNSHOWN } from './keys.ts';
import type { Fate, Fault, PlannedOperation } from './plan.ts';
import type { Mix } from './scenario.ts';

const CLIENTS = 6;
/** Those with a lower number carry tokens. */
const SESSIONS = 3;
/** How many operations, as a part, crowd together at a few moments. */
const CROWDED = 0.4;
const MOMENTS = 4;
const CROWD_MS = 15;
/** The first connections take a moment. */
const BEGIN_MS = 8;
/** Of the reads: of the list, and with a tighter bound. */
const LISTS = 0.2;
const TIGHT = 0.1;

interface Circumstances {
  readonly keys: readonly string[];
  readonly spanMs: number;
  readonly faults: readonly Fault[];
  readonly outbox: boolean;
  readonly replicas: number;
}

/** Draws what the clients of one plan do, and when. */
export class Drawing {
  readonly #random: Random;
  readonly #mix: Mix;
  readonly #keys: readonly string[];
  readonly #byMutate: readonly string[];
  readonly #shownOrPsql: readonly string[];
  readonly #fates: readonly (readonly [Fate, number])[];
  readonly #spanMs: number;
  readonly #moments: readonly number[];
  readonly #outbox: boolean;
  readonly #replicas: number;

  constructor(random: Random, mix: Mix, { keys, spanMs, faults, outbox, replicas }: Circumstances) {
    this.#replicas = replicas;
    this.#outbox = outbox;
    this.#random = random;
    this.#mix = mix;
    this.#keys = keys;
    this.#byMutate = beginning(keys, SHOWN + UNSHOWN);
    this.#shownOrPsql = beginning(keys, SHOWN + PSQL);
    this.#fates = Object.entries(mix.fates ?? {}) as [Fate, number][];
    this.#spanMs = spanMs;
    // Where something fails it is worth while to be.
    this.#moments = Array.from({ length: MOMENTS }, () =>
      faults.length > 0 && random.chance(0.7) ? random.pick(faults).at : random.between(BEGIN_MS, spanMs),
    );
  }

  operations(count: number): PlannedOperation[] {
    const times = new Float64Array(count);
    for (let i = 0; i < count; i++) times[i] = this.#time();
    const operations: PlannedOperation[] = [];
    for (const at of times.sort()) operations.push(this.#operation(at));
    return operations;
  }

  #time(): number {
    const random = this.#random;
    const at = random.chance(CROWDED)
      ? random.pick(this.#moments) + random.between(-CROWD_MS, 2 * CROWD_MS)
      : random.between(BEGIN_MS, this.#spanMs);
    return Math.min(Math.max(at, BEGIN_MS), this.#spanMs);
  }

  #operation(at: number): PlannedOperation {
    const random = this.#random;
    const client = random.below(CLIENTS);
    const { mutate = 0.1, invalidate = 0, set = 0, find = 0, psql = 0 } = this.#mix;
    let drawn = random.next();
    if (drawn < mutate) return this.#mutate(at, client);
    drawn -= mutate;
    if (drawn < invalidate) return { at, client, replica: this.#replica(), do: 'invalidate', key: `${INVALIDATED}0` };
    drawn -= invalidate;
    // Whoever writes a key of `set` is one client, so that its versions are in its hands.
    if (drawn < set) return { at, client: 0, replica: this.#replica(), do: 'set' };
    drawn -= set;
    if (drawn < psql) {
      const keys = this.#together(this.#shownOrPsql);
      return { at, client, replica: this.#replica(), do: 'psql', keys };
    }
    drawn -= psql;
    if (drawn < find) {
      const level = this.#level(client, 'bounded');
      return { at, client, replica: this.#replica(), do: 'find', level };
    }
    return this.#read(at, client, psql === 0);
  }

  #read(at: number, client: number, shownByMutateAlone: boolean): PlannedOperation {
    const random = this.#random;
    const key = random.chance(LISTS) ? LIST : random.pick(this.#keys);
    const byMutate = key.startsWith(UNSHOWN) || (isShown(key) && shownByMutateAlone);
    const level = this.#level(client, byMutate ? 'strong' : 'bounded');
    const tight = random.chance(TIGHT);
    return { at, client, replica: this.#replica(), do: 'read', key, level, tight };
  }

  #mutate(at: number, client: number): PlannedOperation {
    const keys = this.#together(this.#byMutate);
    const drawn = this.#fate();
    // Tags of a writer that dies are invalidated by nobody but the relay (A4).
    const survives = drawn === 'dies' && !this.#outbox && keys.some(isShown);
    const fate = survives ? 'ok' : drawn;
    const tagsInside = this.#random.chance(0.3);
    return { at, client, replica: this.#replica(), do: 'mutate', keys, fate, tagsInside };
  }

  #replica(): number {
    return this.#random.below(this.#replicas);
  }

  #level(client: number, most: 'bounded' | 'strong'): Level {
    if (client < SESSIONS) return 'session';
    return most === 'strong' && this.#random.chance(this.#mix.strong ?? 0.15) ? 'strong' : 'bounded';
  }

  #together(keys: readonly string[]): readonly string[] {
    const first = this.#random.pick(keys);
    if (!this.#random.chance(this.#mix.keysTogether ?? 0.1)) return [first];
    const second = this.#random.pick(keys);
    return first === second ? [first] : [first, second];
  }

  #fate(): Fate {
    let drawn = this.#random.next();
    for (const [fate, probability] of this.#fates) {
      if (drawn < probability) return fate;
      drawn -= probability;
    }
    return 'ok';
  }
}

function beginning(keys: readonly string[], letters: string): string[] {
  return keys.filter((key) => letters.includes(key.charAt(0)));
}
