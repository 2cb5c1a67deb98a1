import { UsageError } from '../errors.ts';
import { LINK_DELAY_MOST_MS, LINK_RATE_MOST } from '../limits.ts';

/**
 * What is wrong with a link, one thing at a time.
 *
 * | fault       | new connections                 | present connections                                        |
 * |-------------|---------------------------------|------------------------------------------------------------|
 * | `down`      | refused                         | reset                                                      |
 * | `reset`     | accepted, and reset             | reset                                                      |
 * | `blackhole` | accepted, and nothing answers   | stay open, nothing is forwarded, not even an end           |
 * | `latency`   | forwarded, `ms` late each way   | the same; what was sent first arrives first                |
 * | `jitter`    | as latency, each piece late by another time, from 0 to `ms`                                  ||
 * | `limit`     | forwarded, so many bytes a second each way, each connection by itself                        ||
 * | `lose`      | forwarded but for this share of the messages that Redis pushes to a subscription             ||
 *
 * All but the last are what networks do to TCP: bytes are late, or their connection ends, but none is lost, swapped or
 * made up. TCP loses no message; what does is the other side of a subscription, as when Redis cuts a slow one off and
 * it comes back. `lose` has the same effect without the cut, which a subscriber would notice.
 */
export type Fault =
  | { readonly kind: 'down' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'blackhole' }
  | { readonly kind: 'latency'; readonly ms: number }
  | { readonly kind: 'jitter'; readonly ms: number }
  | { readonly kind: 'limit'; readonly bytesPerSecond: number }
  | { readonly kind: 'lose'; readonly share: number };

const KINDS = 'down, reset, blackhole, latency, jitter, limit or lose';

/** Reads a fault from a value of unknown origin; throws a UsageError with what is wrong. */
export function parseFault(value: unknown): Fault {
  const { kind, ms, bytesPerSecond, share } = (value ?? {}) as Readonly<Record<string, unknown>>;
  switch (kind) {
    case 'down':
    case 'reset':
    case 'blackhole':
      return { kind };
    case 'latency':
    case 'jitter':
      return { kind, ms: numberOf(ms, 0, LINK_DELAY_MOST_MS, `the ${kind} of a link`, 'milliseconds') };
    case 'limit':
      return { kind, bytesPerSecond: numberOf(bytesPerSecond, 1, LINK_RATE_MOST, 'the limit of a link', 'bytes/s') };
    case 'lose':
      return { kind, share: numberOf(share, 0, 1, 'what a link loses', 'a share of the messages') };
    default:
      throw new UsageError([`a link has no fault ${JSON.stringify(kind)}; there is ${KINDS}`]);
  }
}

function numberOf(value: unknown, least: number, most: number, what: string, unit: string): number {
  if (typeof value === 'number' && value >= least && value <= most) return value;
  throw new UsageError([`${what} is ${JSON.stringify(value)}; it is ${unit} from ${least} to ${most}`]);
}
