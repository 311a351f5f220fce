-- Pages: where the service says `next-page-token`, the answer links to the next page.

local function note_target(handle, target)
  handle:streamInfo():dynamicMetadata():set(NAMESPACE, "target", target)
end

local function link_next(handle, headers)
  local token = headers:get("next-page-token")
  if not token then
    return
  end
  headers:remove("next-page-token")
  local target = condition(handle, "target")
  local path, query = target:match("^([^?]*)%??(.*)$")
  local kept = {}
  for parameter in query:gmatch("[^&]+") do
    if normalised(parameter) ~= "pagetoken" then
      kept[#kept + 1] = parameter
    end
  end
  kept[#kept + 1] = "pageToken=" .. encoded(token)
  headers:add("link", "<" .. path .. "?" .. table.concat(kept, "&"):gsub("[<>]", encoded) .. '>; rel="next"')
end
