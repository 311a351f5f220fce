-- Reads JSON as RFC 8259 has it, and nothing more: the transcoder's parser takes single quotes, names without any, commas
-- too many and the same name twice, drops the names that it doesn't know, and nests as deep as one likes, which then ends
-- the Python protobuf that has to read it.
--
-- It makes no values; it walks. `types` says which names an object may have, by message: `types["souk.x.v1.Thing"].name` is
-- {as = "name", type = "…"}. The type is the message, "{…}" for a map, "*" where everything goes, "" for a plain value,
-- whose form is the transcoder's business.

local MAX_DEPTH = 32 -- ours nest to 5; Python's protobuf ends at 100, of which a Struct takes 3 for each level of JSON
local WHITE = "[^ \t\n\r]"
local ESCAPES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

local function character(code)
  if code < 0x80 then
    return string.char(code)
  elseif code < 0x800 then
    return string.char(0xC0 + math.floor(code / 0x40), 0x80 + code % 0x40)
  end
  return string.char(0xE0 + math.floor(code / 0x1000), 0x80 + math.floor(code / 0x40) % 0x40, 0x80 + code % 0x40)
end

-- Good enough to compare names: halves of surrogates stay halves.
local function unescaped(text)
  return (text:gsub("\\(.)(%x?%x?%x?%x?)", function(kind, hex)
    if kind == "u" then
      return character(tonumber(hex, 16))
    end
    return (ESCAPES[kind] or kind) .. hex
  end))
end

-- The names of the outermost object, in their order. Where the text isn't as it must be: nil, and what is wrong with it.
local function walk(text, types, root)
  local at = 1
  local trail, depth = {}, 0
  local names = {}

  local function fail(reason, what)
    local path = ""
    for level = 1, depth do
      local one = trail[level]
      if type(one) == "number" then
        path = path .. "[" .. one .. "]"
      elseif one then
        path = path .. (path == "" and "" or ".") .. one
      end
    end
    error({ reason = reason, what = what, field = path }, 0)
  end

  local function malformed(what)
    fail("MALFORMED_JSON", "the body is no JSON: at byte " .. at .. ": " .. what)
  end

  local function blank()
    at = find(text, WHITE, at) or #text + 1
  end

  local function escape(slash)
    local kind = sub(text, slash + 1, slash + 1)
    if kind ~= "u" then
      return find(kind, '^["\\/bfnrt]$') and slash + 2
    end
    local hex = text:match("^%x%x%x%x", slash + 2)
    local code = hex and tonumber(hex, 16)
    if not code or code >= 0xDC00 and code <= 0xDFFF then
      return nil
    elseif code < 0xD800 or code > 0xDBFF then
      return slash + 6
    end
    return find(text, "^\\u[dD][c-fC-F]%x%x", slash + 6) and slash + 12
  end

  local function quoted()
    local from = at + 1
    local here, plain = from, true
    while true do
      local stop = find(text, '[%c"\\]', here)
      local what = stop and byte(text, stop)
      if what == 34 then
        at = stop + 1
        local content = sub(text, from, stop - 1)
        return plain and content or unescaped(content)
      elseif what == 92 then
        plain = false
        here = escape(stop)
      else
        here = what == 127 and stop + 1
      end
      if not here then
        at = stop or #text + 1
        malformed(stop and "a string with a raw control character or a wrong escape" or "a string without an end")
      end
    end
  end

  local function number()
    local _, last = find(text, "^-?%d+", at)
    if not last or find(text, "^-?0%d", at) then
      malformed("a value should begin here, or a number is written wrongly")
    end
    local _, fraction = find(text, "^%.%d+", last + 1)
    local _, exponent = find(text, "^[eE][+-]?%d+", (fraction or last) + 1)
    at = (exponent or fraction or last) + 1
  end

  local value

  local function member(message, inner, seen)
    trail[depth] = nil
    if byte(text, at) ~= 34 then
      malformed("a name in double quotes should be here")
    end
    local name = quoted()
    trail[depth] = name
    local field = message and message[name]
    if message and not field then
      fail("UNKNOWN_FIELD", "there is no such field")
    end
    local as = field and field.as or name
    if seen[as] then
      fail("DUPLICATE_FIELD", "the field is given twice")
    end
    seen[as] = true
    if depth == 1 then
      names[#names + 1] = as
    end
    blank()
    if byte(text, at) ~= 58 then
      malformed("a colon should be here")
    end
    at = at + 1
    value(field and field.type or inner)
  end

  local function members(close, one)
    depth = depth + 1
    if depth > MAX_DEPTH then
      trail = {}
      fail("BODY_TOO_DEEP", "the body nests deeper than " .. MAX_DEPTH .. " levels")
    end
    at = at + 1
    blank()
    if byte(text, at) == close then
      at = at + 1
    else
      local count = 0
      repeat
        blank()
        one(count)
        blank()
        local mark = byte(text, at)
        if mark ~= 44 and mark ~= close then
          malformed("a comma should be here, or the end of " .. (close == 125 and "an object" or "a list"))
        end
        at = at + 1
        count = count + 1
      until mark == close
    end
    trail[depth] = nil
    depth = depth - 1
  end

  local function object(kind)
    if kind == "" then
      fail("WRONG_TYPE", "a plain value should be here, not an object")
    end
    local inner = kind:match("^{(.*)}$")
    local message = not inner and types[kind] or nil
    local seen = {}
    members(125, function()
      member(message, inner or "*", seen)
    end)
  end

  local function list(kind)
    members(93, function(index)
      trail[depth] = index
      value(kind)
    end)
  end

  function value(kind)
    blank()
    local first = byte(text, at)
    if first == 34 then
      quoted()
    elseif first == 123 then
      object(kind)
    elseif first == 91 then
      list(kind)
    else
      local word = text:match("^%l+", at)
      if word == "true" or word == "false" or word == "null" then
        at = at + #word
      else
        number()
      end
    end
  end

  local good, problem = pcall(function()
    if byte(text, find(text, WHITE) or 1) ~= 123 and root ~= "*" then
      malformed("an object should be here")
    end
    value(root)
    blank()
    if at <= #text then
      malformed("nothing should follow")
    end
  end)
  if good then
    return names
  elseif type(problem) ~= "table" then
    error(problem, 0)
  end
  return nil, problem
end
