import type { Call } from './steps.ts';

/** A call with all that it refers to made definite, so that both servers are asked the same. */
export interface Asked {
  readonly call: Call;
  /** The epoch that the request carries. */
  readonly epoch: string;
  /** The epoch of the client; another than that of the request where a call names one. */
  readonly own: string;
  readonly nonce: string;
  /** The call's key; of `fill` and `release` perhaps the one for which their token was last granted. */
  readonly key: string;
  /** The last lease that was granted for the call's token. */
  readonly lease: { readonly token: string; readonly epoch: string; readonly f: number };
  /** The clock of `acks`, `applied` of `beat`, the probe of `prove`. */
  readonly clock: number;
  /** The epoch that `bless` blesses. */
  readonly named: string;
}

/** Everything that a server holds and has published, comparable. */
export interface State {
  readonly meta: object | null;
  readonly lastId: number;
  readonly journal: readonly object[];
  readonly tags: object;
  readonly replicas: object;
  readonly marks: object;
  readonly keys: readonly (string | null)[];
  readonly published: readonly unknown[];
}
