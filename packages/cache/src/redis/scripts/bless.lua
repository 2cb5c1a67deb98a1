#!lua flags=allow-oom
-- BLESS: the values of the preceding epoch are good again, as a round of the relay has invalidated whatever may have
-- been lost with it. Only of that one, which Redis itself was in, and only after the quarantine: until then marks of
-- writers that are not done may have been lost.
--
-- KEYS[1] meta  [2] journal
-- ARGV[1..3] see prologue  [4] the epoch to bless  [5] quarantine beyond the longest mark, ms
-- Returns {'OK' | 'REFUSED', clock}.
--@include prologue
--@include quarantine-words
local previous = redis.call('HGET', KEYS[1], 'previous')
if ARGV[4] == '' or ARGV[4] ~= previous or quarantine_left(now_ms(), tonumber(ARGV[5])) > 0 then
  return {'REFUSED', clock}
end
redis.call('HSET', KEYS[1], 'blessed', ARGV[4])
return {'OK', clock}
