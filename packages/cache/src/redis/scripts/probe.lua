#!lua flags=allow-oom
-- PROBE: where a round of the relay begins. Read before the snapshot of the outbox: every commit before a beat of this
-- number or a smaller one was sent is in that snapshot.
--
-- KEYS[1] meta  [2] journal
-- ARGV[1..3] see prologue  [4] quarantine beyond the longest mark, ms
-- Returns {'PROBE', clock, probe, base, previous epoch or '', quarantine left in ms, blessed epoch or ''}.
--@include prologue
--@include quarantine-words
local m = redis.call('HMGET', KEYS[1], 'probe', 'base', 'previous', 'blessed')
local left = quarantine_left(now_ms(), tonumber(ARGV[4]))
return {'PROBE', clock, tonumber(m[1] or 0), tonumber(m[2] or 0), m[3] or '', left, m[4] or ''}
