-- A body must be JSON, and say nothing that the method doesn't know.

local function is_json(kind)
  kind = kind:lower()
  return kind == "application/json" or find(kind, "^application/json%s*;") ~= nil
end

-- What the body gives, by name; nil if it was refused. What a handle gave before it waits for the body is void after.
local function accepted(handle, route)
  local headers = handle:headers()
  local kind, coding = headers:get("content-type"), headers:get("content-encoding")
  local packed = headers:get("x-packed")
  headers:remove("x-packed")
  local body = handle:body() -- also where it will be refused: an HTTP/1.1 connection can't go on in the midst of a body
  local size = body and body:length() or 0
  if coding and coding:lower() ~= "identity" then
    return refuse(handle, "415", "UNSUPPORTED_ENCODING", "a body may be encoded by gzip or not at all, not by " .. coding)
  elseif kind and not is_json(kind) then
    return refuse(handle, "415", "UNSUPPORTED_MEDIA_TYPE", "a body must be application/json, not " .. kind)
  elseif size == 0 and packed and packed:lower() ~= "identity" then
    return refuse(handle, "400", "MALFORMED_ENCODING", "the body is no " .. packed)
  elseif size == 0 then
    return {}
  elseif not kind then
    return refuse(handle, "415", "UNSUPPORTED_MEDIA_TYPE", "a body needs `content-type: application/json`")
  end
  local text = body:getBytes(0, size)
  if not is_utf8(text) then
    return refuse(handle, "400", "MALFORMED_JSON", "the body is no UTF-8")
  end
  local names, problem = walk(text, route.types, route.root)
  if problem then
    local field = problem.field ~= "" and route.prefix .. problem.field or nil
    return refuse(handle, "400", problem.reason, (field and field .. ": " or "") .. problem.what, field)
  end
  return names
end

-- A PATCH without a mask changes what its body names: the outermost names, whose values are replaced as wholes. To go
-- deeper, as merge patches do, would keep the cents of the old price where the new one leaves its zero out.
local function mask(handle, settable, target, query, names)
  if query and has_parameter(query, "updatemask") then
    return
  end
  local paths = {}
  for _, name in ipairs(names) do
    if settable[name] then
      paths[#paths + 1] = name
    end
  end
  if #paths == 0 then
    -- The services take an empty mask for all the fields.
    return refuse(handle, "400", "NOTHING_TO_CHANGE", "the body names no field that can be set; nor is there an updateMask")
  end
  local joint = not query and "?" or query == "" and "" or "&"
  handle:headers():replace(":path", target .. joint .. "updateMask=" .. table.concat(paths, ","))
end

-- The transcoder reads a body also where the method has none, and takes fields from it.
local function refuse_any(handle)
  local body = handle:body()
  if body and body:length() > 0 then
    refuse(handle, "400", "UNEXPECTED_BODY", "this method takes no body; its fields are query parameters")
  end
end
