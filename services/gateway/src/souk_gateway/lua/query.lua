-- The transcoder lets a query parameter override what the path or the body gives: `GET /v1/products/mug?name=products/jug`
-- reads the jug, past every rule that was written for the path. So whatever they give is refused here as a parameter.
-- Each route says in its context what they give, normalised.

local function within(name, field)
  return name == field or sub(name, 1, #field + 1) == field .. "."
end

-- The first parameter that says what is not its to say, and why; nil if there is none.
local function overriding(query, path, body)
  for parameter in query:gmatch("[^&]+") do
    local key = parameter:match("^[^=]*")
    local name = normalised(key)
    for _, bound in ipairs(path) do
      if within(name, bound) then
        return key, "the path gives it"
      end
    end
    if body == "*" then
      return key, "the body holds the whole request"
    end
    if body and within(name, body) then
      return key, "the body gives it"
    end
  end
end

local function has_parameter(query, wanted)
  for parameter in query:gmatch("[^&]+") do
    if within(normalised(parameter), wanted) then
      return true
    end
  end
  return false
end
