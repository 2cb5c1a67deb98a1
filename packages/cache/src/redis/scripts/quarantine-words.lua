-- What is left of the quarantine, ms: in a young epoch marks and invalidations may have been lost. `beyond` is what it
-- adds to the longest mark.
local function quarantine_left(now, beyond)
  local m = redis.call('HMGET', KEYS[1], 'since', 'longestMark')
  return math.max(0, tonumber(m[1] or 0) + tonumber(m[2] or 0) + beyond - now)
end
