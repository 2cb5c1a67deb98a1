#!lua
-- FILL: stores what was loaded under a lease, if the key still holds that very lease: its epoch and its token. The
-- caller's epoch is the lease's, never the one that the replica has meanwhile. Only waiting readers are told, and only
-- the key: a value on the bus would be stored past every test.
--
-- KEYS[1] meta  [2] journal  [3] k:<key>
-- ARGV[1..3] see prologue  [4] channel  [5] token  [6] f  [7] TTL, ms  [8] soft TTL, ms, or 0  [9] since the load began, ms
--     [10] tags as JSON  [11] the key as JSON  [12] payload
-- Returns {'STORED' | 'REFUSED', clock, now}.
--@include prologue
--@include lease-words
--@include store-words
local now = now_ms()
local token, waiters = lease_in(redis.call('GET', KEYS[3]))
if token ~= ARGV[5] then return {'REFUSED', clock, now} end
store_value(KEYS[3], ARGV[6], now - ARGV[9], now, ARGV[7], ARGV[8], ARGV[10], ARGV[12])
if waiters ~= '0' then redis.call('PUBLISH', ARGV[4], 'F ' .. ARGV[11]) end
return {'STORED', clock, now}
