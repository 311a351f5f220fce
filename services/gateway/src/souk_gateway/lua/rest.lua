-- What happens to a call by REST before and after the transcoder.

local function timeout_is_good(timeout)
  return #timeout <= 9 and find(timeout, "^%d+[HMSmun]$") ~= nil
end

local function before(handle)
  local headers, route = handle:headers(), route_of(handle)
  local target, body = headers:get(":path"), route.body
  if not route.path then
    return
  end
  if find(target, "[%%\128-\255]") and not is_utf8(decoded(target)) then
    return refuse(handle, "400", "MALFORMED_REQUEST", "path and query must be UTF-8, percent-encoded")
  end
  if find(target:gsub("%%%x%x", ""), "%", 1, true) then
    return refuse(handle, "400", "MALFORMED_REQUEST", "a percent sign in path and query must be written %25")
  end
  local timeout = headers:get("grpc-timeout")
  if timeout and not timeout_is_good(timeout) then
    local what = "grpc-timeout must be a number of up to 8 digits with its unit, one of H M S m u n"
    return refuse(handle, "400", "MALFORMED_REQUEST", what)
  end
  local query = target:match("%?(.*)$")
  if query then
    local key, why = overriding(query, route.path, body)
    if key then
      local name = decoded(key)
      return refuse(handle, "400", "OVERRIDING_PARAMETER", "query parameter '" .. name .. "': " .. why, name)
    end
  end
  note_condition(handle, headers, route.reads)
  if route.reads == "HEAD" then
    headers:replace(":method", "GET")
  end
  if route.pages then
    note_target(handle, target)
  end
  if route.root then
    local names = accepted(handle, route)
    if names and route.settable then
      mask(handle, route.settable, target, query, names)
    end
  elseif not body then
    refuse_any(handle)
  end
end

-- Headers and messages go on meanwhile. What has no trailers was cut off, and nobody knows by which code.
local function note_last_word(handle)
  handle:streamInfo():dynamicMetadata():set(NAMESPACE, "stream", true)
  local trailers = handle:trailers()
  local code = trailers and tonumber(trailers:get("grpc-status"))
  if code then
    handle:streamInfo():dynamicMetadata():set(NAMESPACE, "grpc", code)
  end
end

local function after(handle)
  local headers, route = handle:headers(), route_of(handle)
  local status = headers:get(":status")
  if status == "200" then
    if route.stream then
      headers:replace("content-type", route.stream)
    end
    if route.pages then
      link_next(handle, headers)
    end
    if route.reads then
      spare(handle, headers)
    end
    if route.stream then
      note_last_word(handle)
    end
  elseif status == "400" then
    name_field(handle)
  elseif status == "409" then
    judge_conflict(handle, headers)
  end
  if route.reads == "HEAD" then
    without_body(handle)
  end
end

-- Envoy lets a request pass whose script has failed: past every check that is made here.
function envoy_on_request(handle)
  local good, problem = pcall(before, handle)
  if not good then
    handle:logErr("before the transcoder: " .. tostring(problem))
    handle:respond({ [":status"] = "500" }, "the gateway's own check has failed")
  end
end

function envoy_on_response(handle)
  local good, problem = pcall(after, handle)
  if not good then
    handle:logErr("after the transcoder: " .. tostring(problem))
  end
end
