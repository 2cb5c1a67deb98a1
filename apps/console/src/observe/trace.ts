/** Things that were said that are kept, and lines of one violation's trace. */
const SAID_MOST = 16_384;
const LINES_MOST = 40;

interface Said {
  readonly at: number;
  readonly who: string;
  /** Of a key, or of all of them: null. */
  readonly keys: readonly string[] | null;
  readonly text: string | (() => string);
}

/** What everybody said, in one order: the replicas' streams, the origin, and the faults. A ring. */
export class Trace {
  readonly #ring: (Said | undefined)[] = new Array(SAID_MOST);
  #next = 0;

  /** `text` may be made only when it is wanted. */
  add(at: number, who: string, keys: readonly string[] | null, text: Said['text']): void {
    this.#ring[this.#next++ % SAID_MOST] = { at, who, keys, text };
  }

  /** What was said of a key, and of all keys, between two times; the newest lines where there are too many. */
  between(key: string, from: number, to: number): string[] {
    const lines: Said[] = [];
    for (let index = this.#next - 1; index >= Math.max(0, this.#next - SAID_MOST); index--) {
      const said = this.#ring[index % SAID_MOST];
      if (said === undefined || said.at < from || lines.length >= LINES_MOST) break;
      if (said.at <= to && (said.keys === null || said.keys.includes(key))) lines.push(said);
    }
    return lines.reverse().map(({ at, who, text }) => {
      const what = typeof text === 'string' ? text : text();
      return `${(at - from).toFixed(1)} ms  ${who}: ${what}`;
    });
  }
}
