import type { Settings } from '../status.ts';
import type { Lag, Rates } from './windows.ts';

/** What is known of a running cluster at one moment: all that is shown, and nothing of how. */
export interface View {
  /** Time of day, ms since 1970: a label. */
  readonly at: number;
  readonly url: string;
  readonly settings: Settings;
  readonly replicas: readonly ReplicaView[];
  /** Over all replicas and the last seconds; null before there are two samples. */
  readonly rates: Rates | null;
  readonly lag: Lag | null;
  /** Newest last. */
  readonly events: readonly WatchEvent[];
}

export interface ReplicaView {
  readonly name: string;
  /** Its own word where it answers, else the launcher's. */
  readonly state: string;
  /** Null where the replica has not said it. */
  readonly trust: { readonly state: string; readonly ageMs: number | null; readonly boundMs: number } | null;
  /** What is left until L1 and L2 are filled again after a change of epoch, ms. */
  readonly quarantineMs: number;
  /** The last clock that it has applied without a hole before it. */
  readonly applied: number | null;
  readonly l1: { readonly entries: number; readonly maxEntries: number } | null;
  readonly loopDelayMs: number | null;
  readonly rates: Rates | null;
  readonly lag: Lag | null;
}

/** Something that somebody who watches wants to know of. */
export interface WatchEvent {
  /** Time of day of the last one, ms since 1970. */
  readonly at: number;
  /** Replicas, or `cluster`. */
  readonly who: readonly string[];
  readonly kind: 'gap' | 'flush' | 'epoch' | 'trust' | 'state' | 'joined' | 'left' | 'trouble';
  readonly text: string;
  /** How often it came to each of them, at most. */
  readonly times: number;
}

/** How reads were answered: parts of 1; null while there are none. */
export function sharesOf(rates: Rates | null): {
  readonly l1: number;
  readonly l2: number;
  readonly origin: number;
  readonly joined: number;
  readonly bypassed: number;
  readonly failed: number;
} | null {
  if (rates === null || rates.gets <= 0) return null;
  const { gets, l1Hits, l2Hits, loads, joins, bypasses, failures } = rates;
  return {
    l1: l1Hits / gets,
    l2: l2Hits / gets,
    origin: loads / gets,
    joined: joins / gets,
    bypassed: bypasses / gets,
    failed: failures / gets,
  };
}
