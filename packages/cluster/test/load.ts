import { request } from 'node:http';
import { expect } from 'vitest';

/** One request on a connection of its own. */
export function ask(url: string): Promise<{ status: number; by: string }> {
  return new Promise((resolve, reject) => {
    request(url, { agent: false }, (response) => {
      const by = String(response.headers['x-served-by']);
      response.resume().on('end', () => resolve({ status: response.statusCode ?? 0, by }));
    })
      .on('error', reject)
      .end();
  });
}

/** Requests without a pause, four at a time, until it is told to end. */
export class Load {
  readonly #failed: string[] = [];
  readonly #by = new Set<string>();
  #answered = 0;
  #ending = false;
  readonly #workers: Promise<void>[];

  constructor(url: string) {
    this.#workers = Array.from({ length: 4 }, () => this.#work(url));
  }

  async serves(name: string): Promise<void> {
    await expect.poll(() => this.#by.has(name)).toBe(true);
  }

  async more(count: number): Promise<void> {
    const enough = this.#answered + count;
    await expect.poll(() => this.#answered).toBeGreaterThan(enough);
  }

  async end(): Promise<readonly string[]> {
    this.#ending = true;
    await Promise.all(this.#workers);
    return this.#failed;
  }

  async #work(url: string): Promise<void> {
    while (!this.#ending) {
      const { status, by } = await ask(url).catch((error: Error) => ({ status: 0, by: error.message }));
      this.#answered++;
      this.#by.add(by);
      if (status !== 200) this.#failed.push(`${status} ${by}`);
    }
  }
}
