-- What the routes say in their contexts:
--
--   key       another one for whatever else is said
--   path      what the path gives, normalised
--   body      what the body gives, `*` for all
--   root      the message that the body is, if it is JSON; `types` has the fields of all that it may hold, `prefix` is the
--             field whose value it is
--   settable  of a PATCH: the fields that a derived mask may name
--   reads     GET or HEAD
--   pages     its answer may say `next-page-token`
--   stream    the content type of its answer

local MOST = 10000 -- routes of all the descriptor sets that this process has served; past it those of old ones are forgotten
local SAID = { "path", "body", "root", "types", "prefix", "settable", "reads", "pages", "stream" }
local known, count = {}, 0

-- To make a table of what Envoy holds takes longer than all the rest, so it is made once for each route. Where there is no
-- route at all, Envoy comes here too, with nothing: what it answers then is its own.
local function route_of(handle)
  local context = handle:filterContext()
  local key = context:get("key")
  if not key then
    return {}
  end
  local route = known[key]
  if not route then
    if count >= MOST then
      known, count = {}, 0
    end
    route = {}
    for _, name in ipairs(SAID) do
      route[name] = context:get(name)
    end
    known[key], count = route, count + 1
  end
  return route
end
