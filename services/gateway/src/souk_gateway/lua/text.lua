-- Text as it comes in URLs.

local byte, find, sub = string.byte, string.find, string.sub

local function decoded(text)
  return (text:gsub("%+", " "):gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

local function encoded(text)
  return (text:gsub("[^%w%-._~]", function(char) return string.format("%%%02X", byte(char)) end))
end

-- The transcoder takes product.display_name and product.displayName for the same field.
local function normalised(key)
  return (decoded(key):match("^[^=]*"):gsub("_", ""):lower())
end

local function continues(text, from, to)
  for at = from, to do
    local one = byte(text, at)
    if not one or one < 0x80 or one > 0xBF then
      return false
    end
  end
  return true
end

-- Neither overlong forms nor halves of surrogates nor anything past U+10FFFF.
local function is_utf8(text)
  local at = find(text, "[\128-\255]")
  while at and at <= #text do
    local first, second = byte(text, at, at + 1)
    if first < 0x80 then
      at = at + 1
    else
      local length = first < 0xC2 and 0 or first < 0xE0 and 2 or first < 0xF0 and 3 or first < 0xF5 and 4 or 0
      if length == 0 or not continues(text, at + 1, at + length - 1) then
        return false
      end
      if first == 0xE0 and second < 0xA0 or first == 0xED and second > 0x9F then
        return false
      end
      if first == 0xF0 and second < 0x90 or first == 0xF4 and second > 0x8F then
        return false
      end
      at = at + length
    end
  end
  return true
end
