-- A fill lease is 'L <epoch> <token> <waiters>'. One of another epoch counts as absent:
--   1: a reader is granted a lease   2: Redis restarts with its data: the lease is still there, the epoch is a new one
--   3: a reader of the new epoch asks for the key.
-- FILL carries the epoch of 1, so nobody can fill or release that lease any more. Told 'LEASE', the reader of 3 would wait
-- for the load limit, for a notice that cannot come, and would not learn that the epoch is in quarantine.
--
-- The token and the waiters of the lease in `text`; nothing if that is no lease of the present epoch.
local function lease_in(text)
  local of, token, waiters = string.match(text or '', '^L (%S+) (%S+) (%d+)$')
  if of == epoch then return token, waiters end
end
