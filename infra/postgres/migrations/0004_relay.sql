-- What the relay needs (docs/PROTOCOL.md section 7). From now on a row leaves the outbox when it has been done everywhere
-- for longer than any copy of what it invalidates can live, and by nothing else.

-- The relay reads in this order, from where everything before is done. Not by id: ids are given before the commit.
--   1: A takes id 5 and stays open   2: B takes id 6, commits and is done   3: A commits; whoever goes on after 6 misses 5.
-- Nor by xid alone, for the same reason: it remembers, beside the xid, which transactions were still open then.
-- So a row's xid is its writer's. Whoever inserts into the outbox by hand leaves it to the default.
CREATE INDEX outbox_by_transaction ON public.outbox (xid, id);

-- As in 0002, without the sweep.
CREATE OR REPLACE FUNCTION public.products_to_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  touched text[] := ARRAY['products', 'category:' || NEW.category];
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.category <> NEW.category THEN
    touched := touched || ('category:' || OLD.category);
  END IF;
  INSERT INTO public.outbox (key, tags) VALUES ('product:' || NEW.id, touched);
  RETURN NULL;
END $$;

-- Both tables are written and emptied all the time, and the relay's cost follows what of them is dead.
ALTER TABLE public.outbox SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE public.outbox_done SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);

COMMENT ON TABLE public.outbox IS
  'What has to be invalidated. Written by triggers; removed by the relay of any replica, when done everywhere.';
COMMENT ON TABLE public.outbox_done IS
  'Which row of the outbox was done in which epoch, at which clock, in which partition.';
