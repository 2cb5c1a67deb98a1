#!lua flags=allow-oom
-- PROVE: a round of the relay has ended, under the epoch in which it began. A round that ends late proves no less than
-- was proved.
--
-- KEYS[1] meta  [2] journal
-- ARGV[1..3] see prologue  [4] the probe that the round began with
-- Returns {'OK', clock}.
--@include prologue
if tonumber(ARGV[4]) > tonumber(redis.call('HGET', KEYS[1], 'proved') or 0) then
  redis.call('HSET', KEYS[1], 'proved', ARGV[4])
end
return {'OK', clock}
