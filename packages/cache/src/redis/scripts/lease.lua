#!lua
-- LEASE: the right of one reader in the cluster to load the key and store it. Granted if the key is absent or holds
-- a value that no reader would accept, or a lease that nobody can fill; else denied with what is there, and a waiter is
-- counted on a lease.
-- The clock answered is the value's f: it is read before the load, as a later one would hide an invalidation of a tag.
--
-- KEYS[1] meta  [2] journal  [3] tags  [4] k:<key>
-- ARGV[1..3] see prologue  [4] token, fresh for each attempt  [5] life of the lease, ms  [6] quarantine beyond the longest mark, ms
-- Returns {'GRANTED' | 'VALUE' | 'LEASE' | 'MARK' | 'QUARANTINE', clock, the value's text}.
--@include prologue
--@include mark-words
--@include lease-words
--@include value-words
--@include quarantine-words
local now = now_ms()
local kind, text = look(KEYS[4], now)
if kind == 'M' then return {'MARK', clock} end
local token, waiters = lease_in(text)
if token then
  redis.call('SET', KEYS[4], 'L ' .. epoch .. ' ' .. token .. ' ' .. int(waiters + 1), 'KEEPTTL')
  return {'LEASE', clock}
end
if kind == 'V' and acceptable(text, KEYS[3]) then return {'VALUE', clock, text} end
if quarantine_left(now, tonumber(ARGV[6])) > 0 then return {'QUARANTINE', clock} end
redis.call('SET', KEYS[4], 'L ' .. epoch .. ' ' .. ARGV[4] .. ' 0', 'PX', ARGV[5])
return {'GRANTED', clock}
