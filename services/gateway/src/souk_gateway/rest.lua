-- What a REST client must not say. A gRPC server would answer some of it with INTERNAL, or worse, do something else.
--
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

local SEQUENCES = {
  "[\xC2-\xDF][\x80-\xBF]",
  "\xE0[\xA0-\xBF][\x80-\xBF]",
  "[\xE1-\xEC\xEE\xEF][\x80-\xBF][\x80-\xBF]",
  "\xED[\x80-\x9F][\x80-\xBF]",
  "\xF0[\x90-\xBF][\x80-\xBF][\x80-\xBF]",
  "[\xF1-\xF3][\x80-\xBF][\x80-\xBF][\x80-\xBF]",
  "\xF4[\x80-\x8F][\x80-\xBF][\x80-\xBF]",
}

local function is_utf8(text)
  for _, sequence in ipairs(SEQUENCES) do
    text = text:gsub(sequence, ".")
  end
  return not text:find("[\x80-\xFF]")
end

local function refuse(handle, what)
  handle:respond({ [":status"] = "400" }, what)
end

local function refuse_parameter(handle, key, why)
  refuse(handle, "query parameter '" .. decoded(key) .. "': " .. why)
end

function envoy_on_request(handle)
  local context = handle:filterContext()
  if context:get("path") == nil then
    return -- no REST route
  end
  local target = handle:headers():get(":path")
  if not is_utf8(decoded(target)) then
    return refuse(handle, "path and query must be UTF-8, percent-encoded")
  end
  local timeout = handle:headers():get("grpc-timeout")
  if timeout ~= nil and not (#timeout <= 9 and timeout:find("^%d+[HMSmun]$")) then
    return refuse(handle, "grpc-timeout must be a number of up to 8 digits with its unit, one of H M S m u n")
  end
  local query = target:match("%?(.*)$")
  if query == nil then
    return
  end
  local path, body = context:get("path"), context:get("body")
  for parameter in query:gmatch("[^&]+") do
    local key = parameter:match("^[^=]*")
    local name = normalised(key)
    for _, bound in ipairs(path) do
      if name == bound or name:sub(1, #bound + 1) == bound .. "." then
        return refuse_parameter(handle, key, "the path gives it")
      end
    end
    if body == "*" then
      return refuse_parameter(handle, key, "the body holds the whole request")
    end
    if body ~= nil and (name == body or name:sub(1, #body + 1) == body .. ".") then
      return refuse_parameter(handle, key, "the body gives it")
    end
  end
end

-- The transcoder calls lines of JSON `application/json`.
function envoy_on_response(handle)
  if handle:filterContext():get("stream") and handle:headers():get(":status") == "200" then
    handle:headers():replace("content-type", "application/x-ndjson")
  end
end
