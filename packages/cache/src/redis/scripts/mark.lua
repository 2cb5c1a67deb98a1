#!lua flags=allow-oom
-- MARK: as INVALIDATE, but every key becomes, or joins, a mark: "a write is under way, do not store this".
-- A writer's deadline is its own: MARK never shortens another's.
--
-- KEYS[1] meta  [2] journal  [3] tags  [4] tag times  [5] marks  [6] replicas  [7..] k:<key> ...
-- ARGV[1..3] see prologue  [4] channel  [5] journal length  [6] body  [7] writer  [8] duration, ms
--     [9] lease of an L1, ms, 0 unless the writer waits for acknowledgements  [10] quarantine beyond the longest mark, ms
-- Returns {'OK', clock, now, waiting, quarantine left in ms}, the last two as acks-words.lua counts them, or
--     {'TOO_LONG', clock, longest mark}: the quarantine of a new epoch covers marks up to that.
--@include prologue
--@include mark-words
--@include entry-words
--@include quarantine-words
--@include acks-words
local now, duration = now_ms(), tonumber(ARGV[8])
local longest = tonumber(redis.call('HGET', KEYS[1], 'longestMark') or 0)
if duration > longest then return {'TOO_LONG', clock, longest} end
for i = 7, #KEYS do
  local kind, _, live = look(KEYS[i], now)
  live = kind == 'M' and live or {}
  live[#live + 1] = {ARGV[7], now + duration}
  put_writers(KEYS[i], live, KEYS[5])
end
add_entry(now, ARGV[6], {}, KEYS[3], KEYS[4], ARGV[4], ARGV[5])
local waiting, left = pending(KEYS[6], clock, now, tonumber(ARGV[9]), tonumber(ARGV[10]))
return {'OK', clock, now, waiting, left}
