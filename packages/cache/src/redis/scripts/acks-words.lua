-- Who may still serve what clock `p` invalidated: the rows that do not show it in this epoch, of replicas whose last beat
-- is not older than `lease` ms; an older one's L1 is not trusted any more. Also what is left of the quarantine, in which
-- rows may have been lost. With a lease of 0 nobody waits, so nothing is looked up.
local function pending(replicas_key, p, now, lease, beyond)
  if lease == 0 then return 0, 0 end
  local waiting = 0
  for _, row in ipairs(redis.call('HVALS', replicas_key)) do
    local of, applied, at = string.match(row, '^(%S+) (%d+) (%d+) ')
    local shown = of == epoch and tonumber(applied) >= p
    if not shown and tonumber(at or now) >= now - lease then waiting = waiting + 1 end
  end
  return waiting, quarantine_left(now, beyond)
end
