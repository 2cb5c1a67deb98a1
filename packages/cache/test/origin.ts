import type { Cache, Load, ReadOptions, WriteResult } from '../src/cache.ts';

/** A versioned origin in memory, with a gate before what it answers and a count of what it was asked. */
export class Origin {
  loads = 0;
  commits = 0;
  /** Loads have taken their snapshot and wait here before they answer. */
  gate: Promise<void> | null = null;
  readonly #versions = new Map<string, number>();
  readonly #tags: (key: string) => string[];

  constructor(tags: (key: string) => string[] = () => []) {
    this.#tags = tags;
  }

  version(key: string): number {
    return this.#versions.get(key) ?? 0;
  }

  commit(key: string): number {
    this.commits++;
    const version = this.version(key) + 1;
    this.#versions.set(key, version);
    return version;
  }

  readonly load: Load<number> = async ({ key }) => {
    this.loads++;
    const value = this.version(key);
    if (this.gate !== null) await this.gate;
    return { value, tags: this.#tags(key) };
  };

  async read(cache: Cache, key: string, options?: ReadOptions): Promise<number> {
    return (await cache.get(key, this.load, options)).value;
  }

  write(cache: Cache, key: string, tags: string[] = []): Promise<WriteResult<number>> {
    return cache.mutate({ keys: [key], tags }, async (window) => {
      window.opened();
      return this.commit(key);
    });
  }

  /** Closes the gate; the answer opens it. */
  shut(): () => void {
    const gate = Promise.withResolvers<void>();
    this.gate = gate.promise;
    return () => {
      this.gate = null;
      gate.resolve();
    };
  }
}
