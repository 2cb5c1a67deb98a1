import type { WatchEvent } from './view.ts';

/** Events that are remembered. */
const EVENTS_KEPT = 200;
/** What comes again within this time is counted on the line that is there, ms. */
const TOGETHER_MS = 2_000;
/** Characters of one event. */
const TEXT_LENGTH = 160;

export type Tell = (who: string, kind: WatchEvent['kind'], text: string) => void;

/**
 * The last events. What happens to all replicas at once is one line, and so are a hundred gaps of one replica in a
 * second: they would push out all the others.
 */
export class Events {
  readonly #kept: WatchEvent[] = [];
  #fresh: WatchEvent[] = [];

  add(at: number, who: string, kind: WatchEvent['kind'], said: string): void {
    const text = printable(said);
    const like = this.#kept.findLast(
      (one) =>
        one.kind === kind &&
        at - one.at <= TOGETHER_MS &&
        (one.text === text || (kind === 'gap' && one.who[0] === who)),
    );
    if (like === undefined) this.#keep({ at, who: [who], kind, text, times: 1 });
    else {
      this.#kept.splice(this.#kept.indexOf(like), 1);
      this.#fresh = this.#fresh.filter((one) => one !== like);
      const again = like.who.includes(who);
      this.#keep({ at, who: again ? like.who : [...like.who, who], kind, text, times: like.times + (again ? 1 : 0) });
    }
  }

  #keep(event: WatchEvent): void {
    for (const list of [this.#kept, this.#fresh]) {
      list.push(event);
      if (list.length > EVENTS_KEPT) list.shift();
    }
  }

  get kept(): readonly WatchEvent[] {
    return this.#kept;
  }

  /** Those since it was last asked for. */
  takeFresh(): readonly WatchEvent[] {
    const fresh = this.#fresh;
    this.#fresh = [];
    return fresh;
  }
}

/** Without what would steer a terminal: the text comes from another process. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ').slice(0, TEXT_LENGTH);
}

/** What a delta of `/internal/events` means, in words; undefined for one that is not told. */
export function wordsOf(
  name: string,
  data: Readonly<Record<string, unknown>>,
): [WatchEvent['kind'], string] | undefined {
  switch (name) {
    case 'gap': {
      const [first, last] = [Number(data.applied) + 1, Number(data.clock) - 1];
      return ['gap', `lost on the bus: ${first === last ? `message ${first}` : `messages ${first} to ${last}`}`];
    }
    case 'flush':
      return ['flush', `L1 emptied: ${CAUSES[String(data.cause)] ?? data.cause}`];
    case 'epoch':
      return ['epoch', data.before === null ? `attached to epoch ${data.epoch}` : `new epoch ${data.epoch}`];
    case 'trust':
      return data.state === 'trusted'
        ? ['trust', 'trusted: a beat has proved L1']
        : ['trust', 'lapsed: L1 is not served until a beat proves it'];
    default:
      return undefined;
  }
}

const CAUSES: Readonly<Record<string, string>> = {
  epoch: 'Redis has another history',
  trimmed: 'what it missed is no longer in the journal',
  backwards: 'Redis has lost writes',
  asked: 'somebody asked for it',
};
