-- The transcoder lets a query parameter override what the path or the body gives: `GET /v1/products/mug?name=products/jug`
-- reads the jug, past every rule that was written for the path. So whatever they give is refused here as a parameter.
-- Each route says in its context what they give, normalised as below.

local function decoded(text)
  return (text:gsub("%+", " "):gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

-- The transcoder takes product.display_name and product.displayName for the same field.
local function normalised(key)
  return (decoded(key):match("^[^=]*"):gsub("_", ""):lower())
end

local function refuse(handle, key, why)
  handle:respond({ [":status"] = "400" }, "query parameter '" .. decoded(key) .. "': " .. why)
end

function envoy_on_request(handle)
  local context = handle:filterContext()
  local query = handle:headers():get(":path"):match("%?(.*)$")
  if query == nil then
    return
  end
  local path, body = context:get("path") or {}, context:get("body")
  for parameter in query:gmatch("[^&]+") do
    local key = parameter:match("^[^=]*")
    local name = normalised(key)
    for _, bound in ipairs(path) do
      if name == bound or name:sub(1, #bound + 1) == bound .. "." then
        return refuse(handle, key, "the path gives it")
      end
    end
    if body == "*" then
      return refuse(handle, key, "the body holds the whole request")
    end
    if body ~= nil and (name == body or name:sub(1, #body + 1) == body .. ".") then
      return refuse(handle, key, "the body gives it")
    end
  end
end

-- The transcoder calls lines of JSON `application/json`.
function envoy_on_response(handle)
  if handle:filterContext():get("stream") and handle:headers():get(":status") == "200" then
    handle:headers():replace("content-type", "application/x-ndjson")
  end
end
