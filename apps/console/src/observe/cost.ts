/** Averaged over so many looks. */
const LOOKS = 10;

interface Spent {
  /** Processor time until now, us. */
  readonly console: number;
  readonly clients: number;
}

/** What the console itself costs, as parts of a core: to observe, judge and tell, and beside it the clients that it plays. */
export class Cost {
  readonly #looks: (Spent & { readonly at: number })[] = [];

  /** `clientsUs` is what their thread says; all else of this process is the console's. */
  look(at: number, clientsUs: number): void {
    const { user, system } = process.cpuUsage();
    this.#looks.push({ at, console: user + system - clientsUs, clients: clientsUs });
    if (this.#looks.length > LOOKS) this.#looks.shift();
  }

  view(): { console: number; clients: number } {
    const first = this.#looks[0];
    const last = this.#looks.at(-1);
    const us = ((last?.at ?? 0) - (first?.at ?? 0)) * 1_000;
    const of = (who: keyof Spent) =>
      us <= 0 ? 0 : Math.max(0, Math.round((((last?.[who] ?? 0) - (first?.[who] ?? 0)) / us) * 1_000) / 1_000);
    return { console: of('console'), clients: of('clients') };
  }
}
