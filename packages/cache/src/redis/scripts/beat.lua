#!lua flags=allow-oom
-- BEAT: the pulled proof. Notes that the replica is alive and what it has applied, and answers what it is missing.
-- It also sweeps, a bounded number at a time: tags older than the longest TTL, dead writers' marks, rows of dead replicas.
--
-- KEYS[1] meta  [2] journal  [3] tags  [4] tag times  [5] replicas  [6] marks
-- ARGV[1..3] see prologue  [4] the replica's name + nonce of this start  [5] applied  [6] name  [7] address
--     [8] age at which rows are removed, ms  [9] entries a page  [10] the caller's longest TTL, ms
-- Returns {'BEAT', clock, now, since, probe, proved, longest mark, page}: page is 'TRIMMED', or the journal's entries
-- applied+1 .. as XRANGE gives them.
--@include prologue
--@include mark-words
--@include entry-words
local SWEEP, ROWS_EVERY = 16, 16
local now, applied = now_ms(), tonumber(ARGV[5])
local probe = redis.call('HINCRBY', KEYS[1], 'probe', 1)
local m = redis.call('HMGET', KEYS[1], 'since', 'proved', 'longestMark', 'longestTtl')
local longest_mark, longest_ttl = tonumber(m[3] or 0), tonumber(m[4] or 0)
if tonumber(ARGV[3]) > longest_mark then
  longest_mark = tonumber(ARGV[3])
  redis.call('HSET', KEYS[1], 'longestMark', ARGV[3])
end
if tonumber(ARGV[10]) > longest_ttl then
  longest_ttl = tonumber(ARGV[10])
  redis.call('HSET', KEYS[1], 'longestTtl', ARGV[10])
end
redis.call('HSET', KEYS[5], ARGV[4], epoch .. ' ' .. ARGV[5] .. ' ' .. int(now) .. ' ' .. ARGV[6] .. ' ' .. ARGV[7])
if probe % ROWS_EVERY == 0 then
  local rows = redis.call('HGETALL', KEYS[5])
  for i = 1, #rows, 2 do
    local at = tonumber(string.match(rows[i + 1], '^%S+ %d+ (%d+) ') or 0)
    if at < now - ARGV[8] then redis.call('HDEL', KEYS[5], rows[i]) end
  end
end
sweep_tags(KEYS[3], KEYS[4], redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', int(now - longest_ttl), 'LIMIT', 0, SWEEP))
for _, key in ipairs(redis.call('ZRANGEBYSCORE', KEYS[6], '-inf', int(now), 'LIMIT', 0, SWEEP)) do
  local kind, _, live = look(key, now)
  if kind == 'M' then put_writers(key, live, KEYS[6]) else redis.call('ZREM', KEYS[6], key) end
end

local page = {}
if applied < clock then
  page = redis.call('XRANGE', KEYS[2], int(applied + 1) .. '-0', '+', 'COUNT', ARGV[9])
  if #page == 0 or page[1][1] ~= int(applied + 1) .. '-0' then page = 'TRIMMED' end
end
return {'BEAT', clock, now, tonumber(m[1] or 0), probe, tonumber(m[2] or 0), longest_mark, page}
