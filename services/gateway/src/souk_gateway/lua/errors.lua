-- What the transcoder leaves out of errors. Runs only where something is missing.

local ESCAPES = { ['"'] = '\\"', ["\\"] = "\\\\" }

local function escaped(text)
  return (text:gsub('[%c"\\]', function(char) return ESCAPES[char] or string.format("\\u%04x", byte(char)) end))
end

local function message_of(headers)
  local encoded = headers:get("grpc-message") or ""
  local message = encoded:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)
  return is_utf8(message) and message or encoded
end

-- An error with a detail of a type that is not in the descriptor set leaves the transcoder as it came: a status of HTTP,
-- and no body. Code and message are written here; the details, which nobody can name, are left out.
local function put_into_words(handle, headers)
  local code, message = headers:get("grpc-status"), escaped(message_of(headers))
  headers:replace("content-type", "application/json")
  handle:body(true):setBytes('{"code":' .. code .. ',"message":"' .. message .. '","details":[]}')
end

-- RFC 9110, 11.6.1: a 401 says by which scheme to authenticate. The service may have said so itself.
local function challenge(headers)
  if headers:get(":status") == "401" and not headers:get("www-authenticate") then
    headers:add("www-authenticate", 'Bearer realm="souk.dev"')
  end
end

function envoy_on_response(handle)
  local headers = handle:headers()
  challenge(headers)
  if headers:get("grpc-status") then
    put_into_words(handle, headers)
  end
end
