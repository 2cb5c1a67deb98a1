-- A value is 'V <epoch> <f> <loadedAt> <expiresAt> <softExpiresAt> <tags as JSON>\n<payload>', times in Redis ms.
-- Acceptable: of the present epoch or one blessed in it, and no tag of it was invalidated after f. A value with tags
-- whose f is below the floor is refused: what swept tags would have said of it is no longer known.
local function acceptable(text, tags_key)
  local value_epoch, f, tags = string.match(text, '^V (%S+) (%d+) %d+ %d+ %d+ ([^\n]*)\n')
  if not value_epoch then return false end
  if value_epoch ~= epoch and value_epoch ~= redis.call('HGET', KEYS[1], 'blessed') then return false end
  if tags == '[]' then return true end
  f = tonumber(f)
  if f < tonumber(redis.call('HGET', KEYS[1], 'floor') or 0) then return false end
  for _, tag in ipairs(cjson.decode(tags)) do
    local invalidated = redis.call('HGET', tags_key, tag)
    if invalidated and tonumber(invalidated) > f then return false end
  end
  return true
end
