#!lua flags=allow-oom
-- UNMARK: the writer leaves its marks, the last one frees the key. Tags are invalidated here, after the commit:
-- invalidated in MARK only, a list loaded between MARK and commit would carry a later f and stay for ever.
-- A key whose mark no longer holds the writer (its deadline passed, the mark was lost) is invalidated instead.
--
-- KEYS[1] meta  [2] journal  [3] tags  [4] tag times  [5] marks  [6] replicas  [7..] k:<key> ...
-- ARGV[1..3] see prologue  [4] channel  [5] journal length  [6] tags as JSON  [7] writer
--     [8] lease of an L1, ms, 0 unless the writer waits for acknowledgements  [9] quarantine beyond the longest mark, ms
--     [10..] each key as JSON, then the tags
-- Returns {'OK', clock, now, number of keys that had lost the mark, waiting, quarantine left in ms}: a key that had lost it
-- may have been stored anew, so its invalidation has to be acknowledged as MARK's was; else nobody waits.
--@include prologue
--@include mark-words
--@include entry-words
--@include quarantine-words
--@include acks-words
local now, lost = now_ms(), {}
for i = 7, #KEYS do
  local kind, _, live = look(KEYS[i], now)
  local others, mine = {}, false
  for _, w in ipairs(live or {}) do
    if w[1] == ARGV[7] then mine = true else others[#others + 1] = w end
  end
  if mine then
    put_writers(KEYS[i], others, KEYS[5])
  else
    lost[#lost + 1] = ARGV[i + 3]
    if kind ~= 'M' then redis.call('DEL', KEYS[i]) end
  end
end
local tags = {}
for i = #KEYS + 4, #ARGV do tags[#tags + 1] = ARGV[i] end
if #lost > 0 or #tags > 0 then
  add_entry(now, '[[' .. table.concat(lost, ',') .. '],' .. ARGV[6] .. ']', tags, KEYS[3], KEYS[4], ARGV[4], ARGV[5])
end
local waiting, left = pending(KEYS[6], clock, now, #lost > 0 and tonumber(ARGV[8]) or 0, tonumber(ARGV[9]))
return {'OK', clock, now, #lost, waiting, left}
