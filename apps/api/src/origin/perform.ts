import type { Product, ProductFields } from '../product.ts';
import type { Condition, WriteOrder } from './origin.ts';
import { COLUMNS, type ProductRow, productOf, valuesOf } from './row.ts';
import type { Session } from './session.ts';
import { isDuplicateSku } from './sqlstate.ts';
import { tagsOf } from './tags.ts';
import { type Written, withoutTags } from './written.ts';

const INSERT = `INSERT INTO products (id, sku, name, description, category, price_cents, stock)
  VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING ${COLUMNS}`;

/** Of a tombstone it makes a product again; version and updated_at are the trigger's. */
const UPDATE = `UPDATE products SET sku = $2, name = $3, description = $4, category = $5, price_cents = $6, stock = $7,
  deleted_at = NULL WHERE id = $1 RETURNING ${COLUMNS}`;

/** Not DELETE, which leaves the same tombstone and cannot return its version. */
const BURY = `UPDATE products SET deleted_at = now() WHERE id = $1 RETURNING ${COLUMNS}`;

const PURCHASE = `UPDATE products SET stock = stock - $2 WHERE id = $1 AND stock >= $2 RETURNING ${COLUMNS}`;

/** What was there when its row was locked. */
interface Locked {
  readonly product: Product;
  readonly deleted: boolean;
}

/** Does what is asked inside the transaction of the session; what it answers is true once that has been committed. */
export async function perform(session: Session, order: WriteOrder): Promise<Written> {
  if (order.kind === 'create') return create(session, order.id, order.fields);
  const row = await lock(session, order.id);
  const version = row?.product.version ?? null;
  if (order.kind !== 'purchase' && !accepts(order.condition, row)) {
    return withoutTags({ is: 'conditionFailed', version });
  }
  if (row === null || (row.deleted && order.kind !== 'replace')) return withoutTags({ is: 'notFound', version });
  switch (order.kind) {
    case 'replace':
      return update(session, row, order.fields);
    case 'patch':
      return update(session, row, { ...row.product, ...order.fields });
    case 'delete':
      return bury(session, row.product);
    case 'purchase':
      return purchase(session, row.product, order.quantity);
  }
}

async function create(session: Session, id: number, fields: ProductFields): Promise<Written> {
  const product = await unlessDuplicate(session, INSERT, [id, ...valuesOf(fields)]);
  if (product === null) return withoutTags({ is: 'duplicateSku', sku: fields.sku });
  return { outcome: { is: 'created', product }, tags: tagsOf(product.category) };
}

async function update(session: Session, { product: before, deleted }: Locked, fields: ProductFields): Promise<Written> {
  const values = [before.id, ...valuesOf(fields)];
  // Only a sku that this row does not hold already can be taken: everything else saves the savepoint's round trip.
  const product =
    deleted || fields.sku !== before.sku
      ? await unlessDuplicate(session, UPDATE, values)
      : await one(session, UPDATE, values);
  if (product === null) return withoutTags({ is: 'duplicateSku', sku: fields.sku });
  return {
    outcome: { is: deleted ? 'created' : 'updated', product },
    tags: tagsOf(before.category, product.category),
  };
}

async function bury(session: Session, before: Product): Promise<Written> {
  const { version } = await one(session, BURY, [before.id]);
  return { outcome: { is: 'deleted', version }, tags: tagsOf(before.category) };
}

async function purchase(session: Session, before: Product, quantity: number): Promise<Written> {
  const { rows } = await session.query<ProductRow>(PURCHASE, [before.id, quantity]);
  const [row] = rows;
  if (row === undefined) {
    // The row has been locked since `before` was read, so that is the stock which was not enough.
    return withoutTags({ is: 'insufficientStock', stock: before.stock, version: before.version });
  }
  return { outcome: { is: 'updated', product: productOf(row) }, tags: tagsOf(before.category) };
}

/** Until the transaction ends nobody else writes this row: what is decided about its version stays true. */
async function lock(session: Session, id: number): Promise<Locked | null> {
  const { rows } = await session.query<ProductRow>(`SELECT ${COLUMNS} FROM products WHERE id = $1 FOR UPDATE`, [id]);
  const [row] = rows;
  return row === undefined ? null : { product: productOf(row), deleted: row.deleted };
}

function accepts(condition: Condition, row: Locked | null): boolean {
  if (condition === null) return true;
  if (row === null || row.deleted) return false;
  return condition === 'present' || condition.includes(row.product.version);
}

/** Null when the sku is another product's. The savepoint keeps the transaction, and with it the idempotency key. */
async function unlessDuplicate(session: Session, text: string, values: readonly unknown[]): Promise<Product | null> {
  await session.query('SAVEPOINT before_sku');
  try {
    return await one(session, text, values);
  } catch (error) {
    if (!isDuplicateSku(error)) throw error;
    await session.query('ROLLBACK TO SAVEPOINT before_sku');
    return null;
  }
}

/** Runs a statement that has one row to write. */
async function one(session: Session, text: string, values: readonly unknown[]): Promise<Product> {
  const { rows } = await session.query<ProductRow>(text, values);
  const [row] = rows;
  // An INSERT has none when its id was taken and deleted again in SQL: it would revive that product under a new name.
  if (row === undefined) throw new Error('the id was given out in SQL meanwhile: send the request again');
  return productOf(row);
}
