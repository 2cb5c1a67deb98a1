#!lua flags=allow-oom
-- ACKS: who has not acknowledged a clock yet. A linearizable writer asks until nobody is left, or until no L1 that said
-- nothing can be trusted any more.
--
-- KEYS[1] meta  [2] journal  [3] replicas
-- ARGV[1..3] see prologue  [4] the clock of MARK or UNMARK  [5] lease of an L1, ms  [6] quarantine beyond the longest mark, ms
-- Returns {'ACKS', clock, waiting, quarantine left in ms}.
--@include prologue
--@include quarantine-words
--@include acks-words
local waiting, left = pending(KEYS[3], tonumber(ARGV[4]), now_ms(), tonumber(ARGV[5]), tonumber(ARGV[6]))
return {'ACKS', clock, waiting, left}
