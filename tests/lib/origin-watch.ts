import { Client } from 'pg';

/** How often Postgres is asked, ms. */
const PERIOD_MS = 25;
/** A write reads its row too, for itself: not a load. */
const LOADS = `
  SELECT application_name AS replica, count(*)::int AS loads FROM pg_stat_activity
  WHERE state = 'active' AND application_name LIKE 'api-%'
    AND query LIKE 'SELECT % FROM products WHERE %' AND query NOT LIKE '%FOR UPDATE%'
  GROUP BY 1`;

/** Watches, as Postgres sees it, how many loads each replica has running at a time. */
export class OriginWatch {
  readonly #client: Client;
  readonly #timer: NodeJS.Timeout;
  /** The look that is under way. */
  #look = Promise.resolve();
  #most = 0;
  #looks = 0;

  private constructor(client: Client) {
    this.#client = client;
    this.#timer = setInterval(() => {
      this.#look = this.#look.then(() => this.#count());
    }, PERIOD_MS);
  }

  static async start(url: string): Promise<OriginWatch> {
    const client = new Client({ connectionString: url });
    await client.connect();
    return new OriginWatch(client);
  }

  /** The most that one replica had at any look so far. */
  get most(): number {
    return this.#most;
  }

  /** The most that one replica had at any look; and how often was looked. */
  async end(): Promise<{ readonly most: number; readonly looks: number }> {
    clearInterval(this.#timer);
    await this.#look;
    await this.#client.end();
    return { most: this.#most, looks: this.#looks };
  }

  async #count(): Promise<void> {
    const { rows } = await this.#client.query<{ loads: number }>(LOADS);
    this.#looks++;
    for (const { loads } of rows) this.#most = Math.max(this.#most, loads);
  }
}
