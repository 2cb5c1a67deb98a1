-- Stores a value of the present epoch, in the words of value-words.lua, and remembers the longest TTL: tags that are
-- younger than it must not be swept.
local function store_value(key, f, loaded_at, now, ttl, soft, tags, payload)
  ttl, soft = tonumber(ttl), tonumber(soft)
  local times = int(loaded_at) .. ' ' .. int(now + ttl) .. ' ' .. int(soft > 0 and now + soft or 0)
  redis.call('SET', key, 'V ' .. epoch .. ' ' .. f .. ' ' .. times .. ' ' .. tags .. '\n' .. payload, 'PX', int(ttl))
  if ttl > tonumber(redis.call('HGET', KEYS[1], 'longestTtl') or 0) then
    redis.call('HSET', KEYS[1], 'longestTtl', int(ttl))
  end
end
