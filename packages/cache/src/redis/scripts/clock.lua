#!lua flags=allow-oom
-- CLOCK: read after a load that was not stored, so that the reader's token covers whatever it may have seen.
--
-- KEYS[1] meta  [2] journal
-- ARGV[1..3] see prologue
-- Returns {'CLOCK', clock}.
--@include prologue
return {'CLOCK', clock}
