-- Reads JSON as RFC 8259 has it, and nothing more: the transcoder's parser takes single quotes, names without any, commas
-- too many and the same name twice, drops the names that it doesn't know, and nests as deep as one likes, which then ends
-- the Python protobuf that has to read it.
--
-- It makes no values; it walks. `types` says which names an object may have, by message: `types["souk.x.v1.Thing"].name` is
-- {as = "name", type = "…"}; `as` is the same for both names of a field. The type is the message, "{…}" for a map, "*" where everything goes, "" for a plain value,
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

-- `r` is how far one reading has come: text, at, types, names, and the trail to where it is, `depth` long. Functions of its
-- own for each reading would be made anew for each body, which costs more than to read a short one.

local function fail(r, reason, what)
  local path = ""
  for level = 1, r.depth do
    local one = r.trail[level]
    if type(one) == "number" then
      path = path .. "[" .. one .. "]"
    elseif one then
      path = path .. (path == "" and "" or ".") .. one
    end
  end
  error({ reason = reason, what = what, field = path }, 0)
end

local function malformed(r, what)
  fail(r, "MALFORMED_JSON", "the body is no JSON: at byte " .. r.at .. ": " .. what)
end

-- Moves to what comes next, and tells its first byte; nil at the end.
local function upcoming(r)
  local first = byte(r.text, r.at)
  if first == 32 or first == 10 or first == 9 or first == 13 then
    r.at = find(r.text, WHITE, r.at) or #r.text + 1
    first = byte(r.text, r.at)
  end
  return first
end

local function after_escape(text, slash)
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

local function quoted(r)
  local text, from = r.text, r.at + 1
  local last = find(text, '"', from, true)
  local simple = last and sub(text, from, last - 1)
  if simple and not find(simple, "\\", 1, true) and not find(simple, "%c") then
    r.at = last + 1
    return simple
  end
  local here, plain = from, true
  while true do
    local stop = find(text, '[%c"\\]', here)
    local what = stop and byte(text, stop)
    if what == 34 then
      r.at = stop + 1
      local content = sub(text, from, stop - 1)
      return plain and content or unescaped(content)
    elseif what == 92 then
      plain = false
      here = after_escape(text, stop)
    else
      here = what == 127 and stop + 1
    end
    if not here then
      r.at = stop or #text + 1
      malformed(r, stop and "a string with a raw control character or a wrong escape" or "a string without an end")
    end
  end
end

local function number(r)
  local text = r.text
  local _, last = find(text, "^-?%d+", r.at)
  if not last or find(text, "^-?0%d", r.at) then
    malformed(r, "a value should begin here, or a number is written wrongly")
  end
  local _, fraction = find(text, "^%.%d+", last + 1)
  local _, exponent = find(text, "^[eE][+-]?%d+", (fraction or last) + 1)
  r.at = (exponent or fraction or last) + 1
end

local value

local function member(r, message, inner, seen)
  r.trail[r.depth] = false
  if byte(r.text, r.at) ~= 34 then
    malformed(r, "a name in double quotes should be here")
  end
  local name = quoted(r)
  r.trail[r.depth] = name
  local field = message and message[name]
  if message and not field then
    fail(r, "UNKNOWN_FIELD", "there is no such field")
  end
  local as = field and field.as or name
  if seen[as] then
    fail(r, "DUPLICATE_FIELD", "the field is given twice")
  end
  seen[as] = true
  if r.depth == 1 then
    r.names[#r.names + 1] = as
  end
  if upcoming(r) ~= 58 then
    malformed(r, "a colon should be here")
  end
  r.at = r.at + 1
  value(r, field and field.type or inner)
end

local function enter(r)
  r.depth = r.depth + 1
  if r.depth > MAX_DEPTH then
    r.depth = 0
    fail(r, "BODY_TOO_DEEP", "the body nests deeper than " .. MAX_DEPTH .. " levels")
  end
  r.at = r.at + 1
end

local function leave(r)
  r.at = r.at + 1
  r.depth = r.depth - 1
end

-- Whether another member follows; if not, the object or list has been left.
local function continues_with(r, close)
  local mark = upcoming(r)
  if mark == 44 then
    r.at = r.at + 1
    upcoming(r)
    return true
  elseif mark ~= close then
    malformed(r, "a comma should be here, or the end of " .. (close == 125 and "an object" or "a list"))
  end
  leave(r)
  return false
end

local function object(r, kind)
  if kind == "" then
    fail(r, "WRONG_TYPE", "a plain value should be here, not an object")
  end
  local inner = sub(kind, 1, 1) == "{" and sub(kind, 2, -2) or nil
  local message, seen = not inner and r.types[kind] or nil, {}
  enter(r)
  if upcoming(r) == 125 then
    return leave(r)
  end
  repeat
    member(r, message, inner or "*", seen)
  until not continues_with(r, 125)
end

local function list(r, kind)
  enter(r)
  if upcoming(r) == 93 then
    return leave(r)
  end
  local index = 0
  repeat
    r.trail[r.depth] = index
    value(r, kind)
    index = index + 1
  until not continues_with(r, 93)
end

function value(r, kind)
  local first = upcoming(r)
  if first == 34 then
    quoted(r)
  elseif first == 123 then
    object(r, kind)
  elseif first == 91 then
    list(r, kind)
  elseif first == 116 or first == 102 or first == 110 then
    local word = r.text:match("^%l+", r.at)
    if word ~= "true" and word ~= "false" and word ~= "null" then
      malformed(r, "a value should begin here")
    end
    r.at = r.at + #word
  else
    number(r)
  end
end

local function whole(r, root)
  if upcoming(r) ~= 123 and root ~= "*" then
    malformed(r, "an object should be here")
  end
  value(r, root)
  if upcoming(r) then
    malformed(r, "nothing should follow")
  end
end

-- The names of the outermost object, in their order. Where the text isn't as it must be: nil, and what is wrong with it.
local function walk(text, types, root)
  local r = { text = text, at = 1, types = types, names = {}, trail = {}, depth = 0 }
  local good, problem = pcall(whole, r, root)
  if good then
    return r.names
  elseif type(problem) ~= "table" then
    error(problem, 0)
  end
  return nil, problem
end
