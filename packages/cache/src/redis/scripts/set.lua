#!lua
-- SET: stores a value whose only home is the cache, and invalidates what stood there. Its f is the clock of that very
-- invalidation, so the entry on the bus drops every older copy and not this one. Refused while the key is marked.
-- The tags are the value's own and are not invalidated.
--
-- KEYS[1] meta  [2] journal  [3] tags  [4] tag times  [5] k:<key>
-- ARGV[1..3] see prologue  [4] channel  [5] journal length  [6] body  [7] TTL, ms  [8] soft TTL, ms, or 0
--     [9] tags as JSON  [10] payload
-- Returns {'OK', clock, now} or {'MARK', clock}.
--@include prologue
--@include mark-words
--@include entry-words
--@include store-words
local now = now_ms()
if look(KEYS[5], now) == 'M' then return {'MARK', clock} end
add_entry(now, ARGV[6], {}, KEYS[3], KEYS[4], ARGV[4], ARGV[5])
store_value(KEYS[5], int(clock), now, now, ARGV[7], ARGV[8], ARGV[9], ARGV[10])
return {'OK', clock, now}
