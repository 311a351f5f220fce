"""What a JSON body may hold, by the descriptors: `lua/json.lua` refuses the rest, which the transcoder would drop."""

from __future__ import annotations

from google.api import field_behavior_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from souk_gateway.conditions import Json
from souk_gateway.descriptors import Binding, Method

ANYTHING = "*"
_PLAIN = ""
_WELL_KNOWN = "google.protobuf."
_FREE_FORM = tuple(f"{_WELL_KNOWN}{name}" for name in ("Any", "Struct", "Value", "ListValue"))
_HTTP_BODY = "google.api.HttpBody"
_NOT_SETTABLE = (field_behavior_pb2.OUTPUT_ONLY, field_behavior_pb2.IDENTIFIER)


def body_context(method: Method, binding: Binding) -> Json:
    """What the Lua must know of the body of one route; nothing if it has none, or one that isn't JSON."""
    if not binding.body:
        return {}
    whatever = _message(method, binding)
    if whatever is not None and whatever.full_name == _HTTP_BODY:
        return {"body": normalised(binding.body)}
    message = _one_message(method, binding)
    types = {} if message is None else _types(message)
    return {
        "body": normalised(binding.body),
        "root": ANYTHING if message is None else message.full_name,
        "types": types,
        "prefix": "" if binding.body == "*" else f"{binding.body}.",
        **_mask_context(method, binding),
    }


def _message(method: Method, binding: Binding) -> Descriptor | None:
    if binding.body == "*":
        return method.request
    message: Descriptor | None = method.request.fields_by_name[binding.body].message_type
    return message


def _one_message(method: Method, binding: Binding) -> Descriptor | None:
    """The message that the body is; None if it is a list, a plain value or whatever one likes."""
    message = _message(method, binding)
    several = method.client_streaming or (
        binding.body != "*" and method.request.fields_by_name[binding.body].is_repeated
    )
    return None if message is None or several or _of_message(message) != message.full_name else message


def normalised(field: str) -> str:
    """The same for all spellings that the transcoder takes for one field."""
    return field.replace("_", "").lower()


def _mask_context(method: Method, binding: Binding) -> Json:
    """Which fields a mask may name that is made from a body."""
    if binding.verb != "PATCH" or binding.body == "*" or "update_mask" not in method.request.fields_by_name:
        return {}
    resource = _one_message(method, binding)
    if resource is None:
        return {}
    given = {variable.field for variable in binding.template.variables}
    return {
        "settable": {
            one.json_name: True
            for one in resource.fields
            if f"{binding.body}.{one.name}" not in given and one.name != "etag" and not _behaves(one)
        }
    }


def _behaves(field: FieldDescriptor) -> bool:
    behaviors = field.GetOptions().Extensions[field_behavior_pb2.field_behavior]
    return any(one in _NOT_SETTABLE for one in behaviors)


def _types(root: Descriptor) -> Json:
    """The fields of a message and of all those that it may hold, by both of their names."""
    types: Json = {}
    waiting = [root]
    while waiting:
        message = waiting.pop()
        if message.full_name in types:
            continue
        fields: Json = {}
        for field in message.fields:
            for name in (field.json_name, field.name):
                fields[name] = {"type": _of_field(field), "as": field.json_name}
            inner = _value(field).message_type
            if inner is not None and _of_message(inner) == inner.full_name:
                waiting.append(inner)
        types[message.full_name] = fields
    return types


def _of_field(field: FieldDescriptor) -> str:
    value = _value(field)
    told = _of_message(value.message_type) if value.message_type is not None else _PLAIN
    return told if value is field else f"{{{told}}}"


def _value(field: FieldDescriptor) -> FieldDescriptor:
    """The field itself, or of a map its values."""
    entry = field.message_type
    return entry.fields_by_name["value"] if entry is not None and entry.GetOptions().map_entry else field


def _of_message(message: Descriptor) -> str:
    if message.full_name in _FREE_FORM:
        return ANYTHING
    # Timestamps, durations, masks and wrappers are plain values in JSON; an Empty is an object without fields.
    plain = message.full_name.startswith(_WELL_KNOWN) and message.full_name != f"{_WELL_KNOWN}Empty"
    return _PLAIN if plain else message.full_name
