#!lua flags=allow-oom
-- RELEASE: gives a lease back when its load failed, so that waiters need not wait for its end. As if it had expired.
--
-- KEYS[1] meta  [2] journal  [3] k:<key>
-- ARGV[1..3] see prologue  [4] channel  [5] token  [6] the key as JSON
-- Returns {'OK', clock}.
--@include prologue
--@include lease-words
local token, waiters = lease_in(redis.call('GET', KEYS[3]))
if token == ARGV[5] then
  redis.call('DEL', KEYS[3])
  if waiters ~= '0' then redis.call('PUBLISH', ARGV[4], 'F ' .. ARGV[6]) end
end
return {'OK', clock}
