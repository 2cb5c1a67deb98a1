type Said = Readonly<Record<string, unknown>>;

const CAUSES: Readonly<Record<string, string>> = {
  epoch: 'Redis has another history',
  trimmed: 'what it missed is no longer in the journal',
  backwards: 'Redis has lost writes',
  asked: 'somebody asked for it',
};

/** What a replica's stream says, in words; undefined for what is not told to people. */
export function wordsOf(name: string, data: Said): string | undefined {
  switch (name) {
    case 'gap':
      return `gap ${data.applied} -> ${data.clock}: messages are missing, asking the journal`;
    case 'flush':
      return `L1 emptied: ${CAUSES[String(data.cause)] ?? data.cause}`;
    case 'epoch':
      return data.before === null ? `attached to epoch ${data.epoch}` : `epoch ${data.epoch}, after ${data.before}`;
    case 'trust':
      return data.state === 'trusted'
        ? 'trusted: a beat has proved L1'
        : 'parked: L1 is not served until a beat proves it';
    default:
      return undefined;
  }
}

/** Made once: to make one costs a hundred times what it costs to use it. */
const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });

/** `1,234 ms`, and `3.1 ms` where tenths matter. */
export function formatMs(ms: number): string {
  return `${(ms < 100 ? tenths : whole).format(ms)} ms`;
}

export function formatCount(count: number): string {
  return whole.format(count);
}

export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}
