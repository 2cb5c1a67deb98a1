-- A mark is 'M <writer>:<deadline> <writer>:<deadline> ...', deadlines in Redis ms, without a TTL: volatile-* policies
-- prefer short TTLs, and a mark that is evicted lets an old value be stored under a write. Whoever meets a mark first
-- drops the writers whose deadline passed, so that a dead writer beside steady ones does not hold the key for ever.
local function live_writers(mark, now)
  local live, last = {}, 0
  for writer, deadline in string.gmatch(mark, '(%S+):(%d+)') do
    deadline = tonumber(deadline)
    if deadline > now then
      live[#live + 1] = {writer, deadline}
      if deadline > last then last = deadline end
    end
  end
  return live, last
end

-- Stores what is left of a mark, or deletes it with its last writer. `marks` is the sorted set's key, or nil.
local function put_writers(key, live, marks)
  if #live == 0 then
    redis.call('DEL', key)
    if marks then redis.call('ZREM', marks, key) end
    return
  end
  local words, last = {'M'}, 0
  for _, w in ipairs(live) do
    words[#words + 1] = w[1] .. ':' .. int(w[2])
    if w[2] > last then last = w[2] end
  end
  redis.call('SET', key, table.concat(words, ' '))
  if marks then redis.call('ZADD', marks, int(last), key) end
end

-- The kind of what is at `key` ('V', 'L', 'M' or nil) and the text, after dead writers were dropped.
local function look(key, now)
  local text = redis.call('GET', key)
  if not text then return nil end
  local kind = string.sub(text, 1, 1)
  if kind ~= 'M' then return kind, text end
  local before = select(2, string.gsub(text, ':', ''))
  local live = live_writers(text, now)
  if #live == before then return 'M', text, live end
  put_writers(key, live)
  if #live == 0 then return nil end
  return 'M', text, live
end
