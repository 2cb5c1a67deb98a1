-- The catalogue. The table looks after itself, so that plain SQL may write to it as well as the application:
--
--   version      starts at 1 and grows by exactly one per write of the row, whatever a statement says about it. Every
--                row that an UPDATE counts is a write, also when it changes nothing: whoever compares versions must
--                never meet two writes under one number.
--   DELETE       leaves a tombstone: the row stays with deleted_at set and a version one higher, so that a product
--                which comes back under this id continues its versions. Postgres says `DELETE 0` and RETURNING is
--                empty, as the deletion was turned into an update; the row is gone for everybody who asks for
--                `deleted_at IS NULL`. To see what was deleted, in SQL:
--                  UPDATE products SET deleted_at = now() WHERE id = 42 RETURNING version;
--                Of a DELETE whose USING finds a row twice, Postgres refuses the second time, and all of it.
--   INSERT       with the id of a tombstone revives it and continues its version; Postgres says `INSERT 0 0` and
--                RETURNING is empty, as that was an update too.
--   UPDATE       of a tombstone changes nothing and counts nothing, unless it sets deleted_at to NULL, which revives it.
--                An id is never changed.
--   TRUNCATE     is refused: it would forget the versions, and no row trigger would see it.
--
-- session_replication_role = replica (superusers only) switches all of this off.

-- Ids and versions are numbers that JavaScript can hold exactly: at most 2^53 - 1.
CREATE SEQUENCE public.products_id_seq AS bigint MAXVALUE 9007199254740991;

CREATE TABLE public.products (
  id bigint NOT NULL CONSTRAINT products_pkey PRIMARY KEY
    CONSTRAINT products_id_is_positive CHECK (id BETWEEN 1 AND 9007199254740991),
  sku text NOT NULL CONSTRAINT products_sku_length CHECK (length(sku) BETWEEN 1 AND 256),
  name text NOT NULL CONSTRAINT products_name_length CHECK (length(name) BETWEEN 1 AND 1024),
  description text NOT NULL DEFAULT '' CONSTRAINT products_description_length CHECK (length(description) <= 65536),
  -- Its length leaves room for the tag `category:<slug>`.
  category text NOT NULL CONSTRAINT products_category_is_a_slug
    CHECK (category ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(category) <= 128),
  price_cents integer NOT NULL CONSTRAINT products_price_range CHECK (price_cents >= 0),
  stock integer NOT NULL DEFAULT 0 CONSTRAINT products_stock_range CHECK (stock >= 0),
  version bigint NOT NULL DEFAULT 1 CONSTRAINT products_version_range CHECK (version BETWEEN 1 AND 9007199254740991),
  -- Milliseconds, as the API shows them.
  updated_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  deleted_at timestamptz(3)
) WITH (fillfactor = 80); -- room beside a row for its next version

CREATE UNIQUE INDEX products_sku_key ON public.products (sku) WHERE deleted_at IS NULL;
-- The two orders in which lists are paged; tombstones are not in them, however many there are.
CREATE INDEX products_by_id ON public.products (id) WHERE deleted_at IS NULL;
CREATE INDEX products_by_category ON public.products (category, id) WHERE deleted_at IS NULL;

-- An id that no product has had: passes over those that plain SQL has given out by hand.
CREATE FUNCTION public.next_product_id() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  candidate bigint;
BEGIN
  LOOP
    candidate := nextval('public.products_id_seq');
    -- What is passed over stays passed over, also when this transaction is rolled back.
    EXIT WHEN NOT EXISTS (SELECT FROM public.products p WHERE p.id = candidate);
  END LOOP;
  RETURN candidate;
END $$;

ALTER TABLE public.products ALTER COLUMN id SET DEFAULT public.next_product_id();
ALTER SEQUENCE public.products_id_seq OWNED BY public.products.id;

CREATE FUNCTION public.products_before_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.deleted_at IS NOT NULL THEN
    RAISE EXCEPTION 'product % cannot be inserted as a deleted one', NEW.id
      USING ERRCODE = 'check_violation', HINT = 'Insert it without deleted_at, then delete it.';
  END IF;
  -- Fires the update triggers, which continue the version. Of two that revive at the same time the second waits here,
  -- then finds no tombstone any more, goes on to insert, and meets the primary key.
  UPDATE public.products
    SET sku = NEW.sku, name = NEW.name, description = NEW.description, category = NEW.category,
        price_cents = NEW.price_cents, stock = NEW.stock, deleted_at = NULL
    WHERE id = NEW.id AND deleted_at IS NOT NULL;
  IF FOUND THEN
    RETURN NULL;
  END IF;
  NEW.version := 1;
  NEW.updated_at := clock_timestamp();
  RETURN NEW;
END $$;

-- Runs under the row's lock with the newest version as OLD, so that no two writes can count from the same one.
CREATE FUNCTION public.products_before_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id IS DISTINCT FROM OLD.id THEN
    RAISE EXCEPTION 'the id of product % cannot be changed', OLD.id
      USING ERRCODE = 'restrict_violation', HINT = 'Delete the product and insert it under the other id.';
  END IF;
  IF OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NOT NULL THEN
    RETURN NULL;
  END IF;
  NEW.version := OLD.version + 1;
  -- The clock of a machine may be set back, the order of versions not.
  NEW.updated_at := greatest(clock_timestamp(), OLD.updated_at);
  IF NEW.deleted_at IS NOT NULL THEN
    NEW.deleted_at := NEW.updated_at;
  END IF;
  RETURN NEW;
END $$;

-- The row is locked and OLD is its newest version when this runs. Returning NULL is what keeps the row: Postgres goes
-- on to the next one without deleting, so the update below is not in its way.
CREATE FUNCTION public.products_before_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE public.products SET deleted_at = clock_timestamp() WHERE id = OLD.id AND deleted_at IS NULL;
  RETURN NULL;
END $$;

CREATE FUNCTION public.products_refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'products cannot be truncated: their versions would be forgotten'
    USING ERRCODE = 'restrict_violation', HINT = 'Use DELETE FROM products, which leaves tombstones.';
END $$;

CREATE TRIGGER products_before_insert BEFORE INSERT ON public.products
  FOR EACH ROW EXECUTE FUNCTION public.products_before_insert();
CREATE TRIGGER products_before_update BEFORE UPDATE ON public.products
  FOR EACH ROW EXECUTE FUNCTION public.products_before_update();
CREATE TRIGGER products_before_delete BEFORE DELETE ON public.products
  FOR EACH ROW EXECUTE FUNCTION public.products_before_delete();
CREATE TRIGGER products_refuse_truncate BEFORE TRUNCATE ON public.products
  FOR EACH STATEMENT EXECUTE FUNCTION public.products_refuse_truncate();

COMMENT ON TABLE public.products IS
  'Triggers see to version, updated_at, tombstones and outbox. DELETE leaves a tombstone and reports 0 rows.';
