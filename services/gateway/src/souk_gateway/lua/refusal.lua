-- What is refused here: replies.py makes a google.rpc.Status of the text and of what the metadata says.

local NAMESPACE = "souk.gateway"

local function refuse(handle, status, reason, what, field)
  local metadata = handle:streamInfo():dynamicMetadata()
  metadata:set(NAMESPACE, "reason", reason)
  if field then
    metadata:set(NAMESPACE, "field", field)
  end
  handle:respond({ [":status"] = status }, what)
end

local VIOLATION = '{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"%s","description":"%s"}]}'

-- The transcoder begins its words on a wrong value with the field's name; programs find it among the details.
local function name_field(handle)
  local body = handle:body()
  local text = body and tostring(body:getBytes(0, body:length())) or ""
  if not find(text, 'grpc_json_transcode_failure', 1, true) then
    return
  end
  local field, what = text:match('"message":"([%a_][%w_.%[%]]*): (.-[^\\])"[,}]')
  if not field then
    field, what = text:match('"message":"Could not find field \\"([^"\\]*)\\"[^"]-\\"[^"]-\\"%."'), "there is no such field"
  end
  if field then
    local details = '"details":[' .. VIOLATION:format(field, what) .. ","
    body:setBytes((text:gsub('"details":%[', function() return details end, 1)))
  end
end
