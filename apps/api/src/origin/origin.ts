import type { CommitWindow } from '@lockstep/cache';
import type { ListPage, ListQuery, Product, ProductFields, ProductView } from '../product.ts';

/** Which versions a conditional write accepts: null any, also an absent row; `'present'` any that is there. */
export type Condition = readonly number[] | 'present' | null;

/** What a client asks to be written. */
export type WriteOrder =
  | { readonly kind: 'create'; readonly id: number; readonly fields: ProductFields }
  | { readonly kind: 'replace'; readonly id: number; readonly fields: ProductFields; readonly condition: Condition }
  | {
      readonly kind: 'patch';
      readonly id: number;
      readonly fields: Partial<ProductFields>;
      readonly condition: Condition;
    }
  | { readonly kind: 'delete'; readonly id: number; readonly condition: Condition }
  | { readonly kind: 'purchase'; readonly id: number; readonly quantity: number };

/** What came of it. All but the last are remembered under the idempotency key, in the transaction of the write. */
export type WriteOutcome =
  | { readonly is: 'created' | 'updated'; readonly product: Product }
  | { readonly is: 'deleted'; readonly version: number }
  /** `version` is the tombstone's, null for an id that never was. */
  | { readonly is: 'notFound'; readonly version: number | null }
  | { readonly is: 'conditionFailed'; readonly version: number | null }
  | { readonly is: 'duplicateSku'; readonly sku: string }
  | { readonly is: 'insufficientStock'; readonly stock: number; readonly version: number }
  /** The idempotency key was used with another request. */
  | { readonly is: 'mismatch' };

/** One client request, however often it is sent. */
export interface Idempotency {
  readonly key: string;
  /** Digest of what was asked: method, path, condition and body. */
  readonly fingerprint: string;
}

/**
 * The system of record, as the routes need it. Every method opens a new snapshot on the primary and throws
 * `OriginUnavailable` when Postgres cannot be asked, or not in time.
 */
export interface Origin {
  product(id: number, signal: AbortSignal): Promise<ProductView>;
  list(query: ListQuery, signal: AbortSignal): Promise<ListPage>;
  /** An id that no product has had. */
  nextId(): Promise<number>;
  /** The id that a creation under this key has been given, if it was committed. */
  createdId(idempotencyKey: string): Promise<number | null>;
  /**
   * One write in one transaction that ends within the window's limit, its tags told to the window. Throws
   * `CommitAborted` when certainly nothing was committed; any other error means that nobody knows.
   */
  write(order: WriteOrder, idempotency: Idempotency | null, window: CommitWindow): Promise<WriteOutcome>;
  close(): Promise<void>;
}

/** Postgres cannot be asked, or has not answered in time. */
export class OriginUnavailable extends Error {
  readonly code = 'E_ORIGIN_UNAVAILABLE';

  constructor(cause: unknown) {
    super(`the origin cannot be asked: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'OriginUnavailable';
  }
}
