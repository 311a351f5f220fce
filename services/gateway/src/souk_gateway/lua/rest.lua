-- What happens to a call by REST before and after the transcoder. The routes say in their contexts what each needs:
--
--   path      what the path gives, normalised; always there
--   body      what the body gives, `*` for all
--   schema    {root, digest, prefix}: the message that the body is, and in which field; `types` has the fields of all
--             that it may hold
--   settable  of a PATCH: the fields that a derived mask may name
--   reads     GET or HEAD
--   pages     its answer may say `next-page-token`
--   stream    the content type of its answer

local function timeout_is_good(timeout)
  return #timeout <= 9 and find(timeout, "^%d+[HMSmun]$") ~= nil
end

local function before(handle)
  local headers, context = handle:headers(), handle:filterContext()
  local target, body = headers:get(":path"), context:get("body")
  if find(target, "[%%\128-\255]") and not is_utf8(decoded(target)) then
    return refuse(handle, "400", "MALFORMED_REQUEST", "path and query must be UTF-8, percent-encoded")
  end
  local timeout = headers:get("grpc-timeout")
  if timeout and not timeout_is_good(timeout) then
    local what = "grpc-timeout must be a number of up to 8 digits with its unit, one of H M S m u n"
    return refuse(handle, "400", "MALFORMED_REQUEST", what)
  end
  local query = target:match("%?(.*)$")
  if query then
    local key, why = overriding(query, context:get("path"), body)
    if key then
      local name = decoded(key)
      return refuse(handle, "400", "OVERRIDING_PARAMETER", "query parameter '" .. name .. "': " .. why, name)
    end
  end
  local reads = context:get("reads")
  note_condition(handle, headers, reads)
  if reads == "HEAD" then
    headers:replace(":method", "GET")
  end
  if context:get("pages") then
    note_target(handle, target)
  end
  if body and context:get("schema") then
    local settable = context:get("settable")
    local names = accepted(handle, context)
    if names and settable then
      mask(handle, settable, target, query, names)
    end
  elseif not body then
    refuse_any(handle)
  end
end

local function after(handle)
  local headers, context = handle:headers(), handle:filterContext()
  local status, reads = headers:get(":status"), context:get("reads")
  if status == "200" then
    local stream = context:get("stream")
    if stream then
      headers:replace("content-type", stream)
    end
    if context:get("pages") then
      link_next(handle, headers)
    end
    if reads then
      spare(handle, headers)
    end
  elseif status == "400" then
    name_field(handle)
  elseif status == "409" then
    judge_conflict(handle, headers)
  end
  if reads == "HEAD" then
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
