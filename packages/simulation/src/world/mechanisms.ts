import type { Outbox } from '@lockstep/cache/outbox';
import type { Requests } from '@lockstep/cache/requests';
import type { Time } from '@lockstep/cache/time';
import type { Without } from '@lockstep/model/redis';

/**
 * What is taken out of the protocol, or put in its way: a simulation that finds nothing then proves nothing. Tests only;
 * empty for the product.
 */
export interface Mechanisms {
  /** Taken out of the scripts. */
  readonly redis?: Without;
  /** Between a cache and the simulated Redis. */
  readonly requests?: (requests: Requests, time: Time) => Requests;
  /** Between a cache and the outbox. */
  readonly outbox?: (outbox: Outbox) => Outbox;
  /** The clock of each process stands still while the process does. */
  readonly suspendedClock?: boolean;
  /** Linearizable writes wait for nobody. */
  readonly acknowledgements?: false;
  /** Clients carry no tokens. */
  readonly tokens?: false;
  /** What is labelled as unproven is judged as if it were not. */
  readonly labels?: false;
}
