import { Refusal } from '../src/refusal.ts';
import type { Cell } from '../src/shared/state.ts';

export interface Product {
  readonly key: string;
  version: number;
  priceCents: number;
}

/** What one replica holds of one key: null is nothing; and since when that is not the origin's any more. */
interface Held {
  version: number | null;
  staleSince: number | null;
}

/** A copy that is old, and how old. */
export interface Stale {
  readonly replica: string;
  readonly product: Product;
  readonly version: number;
  readonly age: number;
  drop(): void;
}

/** The made-up replicas' memories, beside a made-up origin. */
export class Memories {
  readonly products: readonly Product[];
  readonly #held = new Map<string, Held[]>();

  constructor(products: number) {
    this.products = Array.from({ length: products }, (_, i) => ({
      key: `product:${i === 0 ? 42 : i + 1}`,
      version: 10 + i * 7,
      priceCents: 1999,
    }));
  }

  /** Every replica begins anew. */
  clear(): void {
    this.#held.clear();
  }

  product(id: number): Product {
    const found = this.products.find(({ key }) => key === `product:${id}`);
    if (found === undefined) throw new Refusal(404, 'not among the keys of this fixture');
    return found;
  }

  cells(replica: string, at: number): Cell[] {
    return this.#of(replica).map(({ version, staleSince }): Cell => {
      if (version === null) return { state: 'absent', version: null, staleMs: null };
      if (staleSince === null) return { state: 'fresh', version, staleMs: null };
      return { state: 'stale', version, staleMs: at - staleSince };
    });
  }

  /** Reads through a replica, which keeps what it read. */
  read(replica: string, product: Product): { tier: 'L1' | 'L2'; version: number } {
    const held = this.#of(replica)[this.products.indexOf(product)];
    if (held?.version != null) return { tier: 'L1', version: held.version };
    if (held) held.version = product.version;
    return { tier: 'L2', version: product.version };
  }

  /** A new version at the origin: who hears of it drops what it has. */
  write(product: Product, replicas: readonly string[], hears: (replica: string) => boolean, now: number): void {
    product.version += 1;
    for (const replica of replicas) {
      const held = this.#of(replica)[this.products.indexOf(product)];
      if (held === undefined) continue;
      if (hears(replica)) Object.assign(held, { version: null, staleSince: null });
      else if (held.version !== null) held.staleSince ??= now;
    }
  }

  /** Every copy that is old. */
  stale(replicas: readonly string[], now: number): Stale[] {
    return replicas.flatMap((replica) =>
      this.#of(replica).flatMap((held, i): Stale[] => {
        const product = this.products[i];
        const { version, staleSince } = held;
        if (product === undefined || version === null || staleSince === null) return [];
        const drop = () => void Object.assign(held, { version: null, staleSince: null });
        return [{ replica, product, version, age: now - staleSince, drop }];
      }),
    );
  }

  #of(replica: string): Held[] {
    let held = this.#held.get(replica);
    if (held === undefined) {
      held = this.products.map(({ version }) => ({ version, staleSince: null }));
      this.#held.set(replica, held);
    }
    return held;
  }
}
