#!lua flags=allow-oom
-- READ: the key and the tests of its tags in one step. Declared as writing (no `no-writes`) although it hardly writes:
-- a primary that lost its replicas must refuse it instead of answering from the past.
--
-- KEYS[1] meta  [2] journal  [3] tags  [4] k:<key>
-- ARGV[1..3] see prologue
-- Returns {'VALUE' | 'REFUSED' | 'LEASE' | 'MARK' | 'NONE', clock, the value's text, what is left of the TTL in ms}.
--@include prologue
--@include mark-words
--@include lease-words
--@include value-words
local kind, text = look(KEYS[4], now_ms())
if kind == 'V' then
  if acceptable(text, KEYS[3]) then return {'VALUE', clock, text, redis.call('PTTL', KEYS[4])} end
  return {'REFUSED', clock, '', 0}
end
if lease_in(text) then return {'LEASE', clock, '', redis.call('PTTL', KEYS[4])} end
if kind == 'M' then
  local _, last = live_writers(text, now_ms())
  return {'MARK', clock, '', last - now_ms()}
end
return {'NONE', clock, '', 0}
