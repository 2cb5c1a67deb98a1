-- The prologue of every script: is this still the history that the caller knows?
--
-- KEYS[1] meta     KEYS[2] journal
-- ARGV[1] the caller's epoch, '' if it has none    ARGV[2] nonce, fresh for each sending    ARGV[3] the caller's longest mark, ms
-- Answers {'EPOCH', epoch, clock, past, since, now} and does nothing else unless the caller's epoch is the present one.
--
-- master_replid is compared at every call: once per connection is not enough, as a connection survives demotion and
-- promotion; run_id is not enough, as a primary deposed and promoted again keeps it. The label belongs to the needle:
-- after a promotion the old id still stands in the same text, as master_replid2.
local function now_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

local function int(n)
  return string.format('%.0f', n)
end

local meta = redis.call('HMGET', KEYS[1], 'epoch', 'clock', 'id')
local epoch, clock = meta[1], tonumber(meta[2] or 0)
local replication = redis.call('INFO', 'replication')

local function past_with(...)
  local past = {}
  for word in string.gmatch(redis.call('HGET', KEYS[1], 'past') or '', '%S+') do past[#past + 1] = word end
  for _, word in ipairs({...}) do
    if word and word ~= '' and word ~= past[#past] then past[#past + 1] = word end
  end
  while #past > 16 do table.remove(past, 1) end
  return table.concat(past, ' ')
end

-- The clock goes on from where any trace of it says that it was; XADD refuses an id below the journal's last one.
-- `previous` is the epoch that ends here, nil if meta was missing: `past` then begins with what the caller says, which is
-- enough for tokens and not for a blessing.
--   1: a row is done in e1 at clock 9   2: Redis loses it, e2 begins at 7 and gets to 12   3: meta is removed by hand
--   4: one that never left e1 calls: e3, base 12   5: e1 is blessed, the row passes for done: its old value is back.
local function begin_epoch(previous, ...)
  local journal = redis.pcall('XINFO', 'STREAM', KEYS[2])
  if not journal.err then
    for i = 1, #journal, 2 do
      if journal[i] == 'last-generated-id' then
        clock = math.max(clock, tonumber(string.match(journal[i + 1], '^(%d+)')))
      end
    end
  end
  local past = past_with(...)
  epoch = ARGV[2]
  redis.call('HSET', KEYS[1], 'epoch', epoch, 'clock', int(clock), 'base', int(clock),
    'id', string.match(replication, 'master_replid:%x+'), 'since', int(now_ms()), 'past', past,
    'previous', previous or '')
  redis.call('HSETNX', KEYS[1], 'longestMark', ARGV[3])
  -- A blessing is one epoch's: kept, it would let values through that this epoch has never repaired.
  redis.call('HDEL', KEYS[1], 'blessed')
end

local function epoch_reply()
  local m = redis.call('HMGET', KEYS[1], 'past', 'since')
  return {'EPOCH', epoch, clock, m[1] or '', tonumber(m[2] or 0), now_ms()}
end

if not epoch then
  begin_epoch(nil, ARGV[1])
elseif not meta[3] or not string.find(replication, meta[3], 1, true) then
  begin_epoch(epoch, epoch)
end
if epoch ~= ARGV[1] then return epoch_reply() end
