#!lua flags=allow-oom
-- INVALIDATE: values and leases of the keys go, marks stay, tags get the new clock.
--
-- KEYS[1] meta  [2] journal  [3] tags  [4] tag times  [5..] k:<key> ...
-- ARGV[1..3] see prologue  [4] channel  [5] journal length  [6] body  [7..] tags
-- Returns {'OK', clock, now}.
--@include prologue
--@include mark-words
--@include entry-words
local now = now_ms()
for i = 5, #KEYS do
  if look(KEYS[i], now) ~= 'M' then redis.call('DEL', KEYS[i]) end
end
local tags = {}
for i = 7, #ARGV do tags[#tags + 1] = ARGV[i] end
add_entry(now, ARGV[6], tags, KEYS[3], KEYS[4], ARGV[4], ARGV[5])
return {'OK', clock, now}
