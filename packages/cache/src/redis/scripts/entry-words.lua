-- One invalidation: the clock, the tags' clocks, the journal and the bus move together or not at all.
-- `body` is JSON: [[key, ...], [tag, ...]]. The journal is trimmed exactly: 'about' leaves entries that nobody counts.
local MAX_TAGS = 100000

local function sweep_tags(tags_key, times_key, names)
  local floor = tonumber(redis.call('HGET', KEYS[1], 'floor') or 0)
  for _, tag in ipairs(names) do
    local at = tonumber(redis.call('HGET', tags_key, tag) or 0)
    if at > floor then floor = at end
    redis.call('HDEL', tags_key, tag)
    redis.call('ZREM', times_key, tag)
  end
  if #names > 0 then redis.call('HSET', KEYS[1], 'floor', int(floor)) end
end

local function add_entry(now, body, tags, tags_key, times_key, channel, journal_length)
  clock = clock + 1
  redis.call('HSET', KEYS[1], 'clock', int(clock))
  for _, tag in ipairs(tags) do
    redis.call('HSET', tags_key, tag, int(clock))
    redis.call('ZADD', times_key, int(now), tag)
  end
  -- Distinct tags invalidated faster than BEAT sweeps them must not grow without end; raising the floor is always safe.
  if #tags > 0 and redis.call('ZCARD', times_key) > MAX_TAGS then
    sweep_tags(tags_key, times_key, redis.call('ZRANGE', times_key, 0, 15))
  end
  redis.call('XADD', KEYS[2], 'MAXLEN', journal_length, int(clock) .. '-0', 'e', body, 't', int(now))
  redis.call('PUBLISH', channel, 'I ' .. epoch .. ' ' .. int(clock) .. ' ' .. int(now) .. ' ' .. body)
end
