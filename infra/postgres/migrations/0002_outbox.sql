-- The outbox (docs/PROTOCOL.md section 7): what has to be invalidated, written in the transaction of whoever changed a
-- product, so that it is there exactly when the change is.

CREATE TABLE public.outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key text NOT NULL,
  tags text[] NOT NULL,
  -- Ids are given before the commit and become visible in another order; this tells which transaction it was.
  xid xid8 NOT NULL DEFAULT pg_current_xact_id()
);

-- "Row done in epoch E, at clock c, in partition p." A row for each, and none is overwritten: one mark for all
-- partitions would make relays undo each other's work for ever, and after a change of epoch a repair asks what had been
-- done in the epoch before. Nothing writes here until there is a relay.
CREATE TABLE public.outbox_done (
  outbox_id bigint NOT NULL REFERENCES public.outbox ON DELETE CASCADE,
  partition smallint NOT NULL CHECK (partition >= 0),
  epoch text NOT NULL CHECK (epoch <> ''),
  clock bigint NOT NULL CHECK (clock >= 0),
  -- Counted from here when a row may be purged.
  done_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (outbox_id, partition, epoch)
);

-- As nothing empties the outbox while there is no relay, the trigger keeps it at about its newest 100,000 rows: some
-- 15 MB, and more than the demo writes within the life of a cached value, after which a row has nothing left to
-- invalidate. Each 256th row removes up to 512 old ones, a millisecond or two, so it shrinks faster than it grows. The
-- relay's migration has to replace this: from then on a row may go only when it is done.
CREATE FUNCTION public.products_to_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  kept CONSTANT bigint := 100000;
  sweep_every CONSTANT bigint := 256;
  sweep_rows CONSTANT bigint := 512;
  touched text[] := ARRAY['products', 'category:' || NEW.category];
  written bigint;
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.category <> NEW.category THEN
    touched := touched || ('category:' || OLD.category);
  END IF;
  INSERT INTO public.outbox (key, tags) VALUES ('product:' || NEW.id, touched) RETURNING id INTO written;
  -- SKIP LOCKED: writers do not wait for each other's sweep. Not in stricter isolation, where meeting a row that
  -- somebody else has swept would fail a transaction that has nothing to do with it.
  IF written % sweep_every = 0 AND current_setting('transaction_isolation') = 'read committed' THEN
    DELETE FROM public.outbox WHERE id IN (
      SELECT id FROM public.outbox WHERE id <= written - kept ORDER BY id LIMIT sweep_rows FOR UPDATE SKIP LOCKED
    );
  END IF;
  RETURN NULL;
END $$;

-- AFTER: a row is written only for what really happened. Deletions arrive as updates.
CREATE TRIGGER products_to_outbox AFTER INSERT OR UPDATE ON public.products
  FOR EACH ROW EXECUTE FUNCTION public.products_to_outbox();
