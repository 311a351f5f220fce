-- Conditions on etags. A service answers with `etag` and judges `if-match`; what HTTP makes of it is done here.

-- The compressor calls an etag weak, since the bytes are others; what it stands for is the same resource.
local function strong(etags)
  return (etags:gsub("W/\"", '"'))
end

local function includes(etags, etag)
  if etags == "*" then
    return true
  end
  return find("," .. strong(etags):gsub("%s", "") .. ",", "," .. strong(etag) .. ",", 1, true) ~= nil
end

local function note_condition(handle, headers, reads)
  local name = reads and "if-none-match" or "if-match"
  local etags = headers:get(name)
  if etags then
    handle:streamInfo():dynamicMetadata():set(NAMESPACE, name, etags)
    if not reads then
      headers:replace(name, strong(etags))
    end
  end
end

local function condition(handle, name)
  local noted = handle:streamInfo():dynamicMetadata():get(NAMESPACE)
  return noted and noted[name]
end

local function without_body(handle)
  local body = handle:body()
  if body then
    body:setBytes("")
  end
  handle:headers():remove("content-length")
end

-- Answers 304 where the client has the resource already.
local function spare(handle, headers)
  local etag = headers:get("etag")
  local known = etag and condition(handle, "if-none-match")
  if known and includes(known, etag) then
    headers:replace(":status", "304")
    headers:remove("content-type")
    without_body(handle)
  end
end

-- Another conflict than that of the etag stays 409.
local function judge_conflict(handle, headers)
  if condition(handle, "if-match") then
    local body = handle:body()
    local text = body and tostring(body:getBytes(0, body:length())) or ""
    if find(text, '"ETAG_MISMATCH"', 1, true) then
      handle:headers():replace(":status", "412")
    end
  end
end
