-- What was answered to a write, remembered in the transaction of that write: a request that is sent again, also to
-- another replica and at the same time, finds the answer here instead of being applied twice.

CREATE TABLE public.idempotency (
  key text PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 512),
  fingerprint text NOT NULL CHECK (length(fingerprint) <= 512),
  -- NULL only inside the transaction that writes it. Not jsonb, which would put the fields into another order: the
  -- second answer is the first one, to the letter.
  outcome json,
  -- What the write invalidated, to be invalidated again: nobody knows whether the first attempt came to that.
  tags text[] NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70); -- each row is written twice: claimed, then filled in

CREATE INDEX idempotency_by_age ON public.idempotency (created_at);

-- A key is remembered for a day, far longer than anybody repeats a request. One key in 256 removes up to 512 that are
-- older, so the table holds about what one day writes.
CREATE FUNCTION public.idempotency_sweep() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  sweep_rows CONSTANT bigint := 512;
BEGIN
  IF current_setting('transaction_isolation') = 'read committed' THEN
    DELETE FROM public.idempotency WHERE key IN (
      SELECT key FROM public.idempotency WHERE created_at < now() - interval '1 day'
      ORDER BY created_at LIMIT sweep_rows FOR UPDATE SKIP LOCKED
    );
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER idempotency_sweep AFTER INSERT ON public.idempotency
  FOR EACH ROW WHEN (hashtext(NEW.key) & 255 = 0) EXECUTE FUNCTION public.idempotency_sweep();
