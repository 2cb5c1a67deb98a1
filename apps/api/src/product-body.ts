import * as z from 'zod';
import type { ProductFields } from './product.ts';

/** What a client may write about a product: no more than its column takes. In UTF-16 units. */
const SKU_LENGTH = 256;
const NAME_LENGTH = 1_024;
const CATEGORY_LENGTH = 128;
/** The largest number that its column holds. */
const NUMBER_MOST = 2_147_483_647;

const SLUG = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

export const SLUG_RULE = `must be a slug: words of a-z and 0-9 joined by '-', at most ${CATEGORY_LENGTH} characters`;

export function isSlug(text: string): boolean {
  return text.length <= CATEGORY_LENGTH && SLUG.test(text);
}

/** Postgres stores neither NUL nor half a surrogate pair: one is refused there, the other would come back changed. */
function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

function named(length: number): z.ZodString {
  const what = `must be Unicode text of 1 to ${length} characters, not blank and without NUL`;
  return z.string(what).refine((text) => text.length <= length && text.trim() !== '' && isStorable(text), what);
}

function free(): z.ZodString {
  const what = 'must be Unicode text without NUL';
  return z.string(what).refine(isStorable, what);
}

function count(least: number): z.ZodNumber {
  const what = `must be a whole number from ${least} to ${NUMBER_MOST}`;
  return z.number(what).refine((value) => Number.isInteger(value) && value >= least && value <= NUMBER_MOST, what);
}

const FIELDS = {
  sku: named(SKU_LENGTH),
  name: named(NAME_LENGTH),
  description: free(),
  category: z.string(SLUG_RULE).refine(isSlug, SLUG_RULE),
  priceCents: count(0),
  stock: count(0),
};

const OBJECT = 'must be an object';

export const newProduct: z.ZodType<ProductFields> = z.strictObject(
  { ...FIELDS, description: FIELDS.description.default(''), stock: FIELDS.stock.default(0) },
  OBJECT,
);

export const wholeProduct: z.ZodType<ProductFields> = z.strictObject(FIELDS, OBJECT);

/** JSON has no undefined: what is optional here is there or not. */
export const someOfProduct = z
  .strictObject(FIELDS, OBJECT)
  .partial()
  .refine(
    (fields) => Object.keys(fields).length > 0,
    `must have at least one of ${Object.keys(FIELDS).join(', ')}`,
  ) as z.ZodType<Partial<ProductFields>>;

export const purchase: z.ZodType<{ readonly quantity: number }> = z.strictObject({ quantity: count(1) }, OBJECT);
