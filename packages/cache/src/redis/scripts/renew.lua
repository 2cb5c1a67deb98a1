#!lua flags=allow-oom
-- RENEW: a new epoch in place of the one offered, by compare-and-set. A replica asks for it when it is offered an
-- epoch that it has left (the only primary would lock it out otherwise) or when history went backwards.
--
-- KEYS[1] meta  [2] journal
-- ARGV[1] the epoch to replace  [2..3] see prologue  [4] the caller's own epoch, '' if it has none
-- Returns EPOCH, as the prologue does; the caller's epoch is in `past` then, before the replaced one.
--@include prologue
begin_epoch(epoch, ARGV[4] ~= epoch and ARGV[4] or '', epoch)
return epoch_reply()
