"""JSON schemas of messages, as the transcoder reads and writes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from google.api import field_behavior_pb2
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from souk_gateway.replies import Json

_STRING: Json = {"type": "string"}
_OBJECT: Json = {"type": "object"}
# 64 bits don't fit into a JavaScript number: they come as strings, and are taken as both.
_LONG: Json = {"type": "string", "format": "int64"}
_UNSIGNED_LONG: Json = {"type": "string", "format": "uint64"}
_INTEGER: Json = {"type": "integer", "format": "int32"}
_UNSIGNED: Json = {"type": "integer", "format": "uint32"}
_DOUBLE: Json = {"type": "number", "format": "double"}
_BOOLEAN: Json = {"type": "boolean"}

SCALARS: Mapping[int, Json] = {
    FieldDescriptor.TYPE_DOUBLE: _DOUBLE,
    FieldDescriptor.TYPE_FLOAT: {"type": "number", "format": "float"},
    FieldDescriptor.TYPE_INT64: _LONG,
    FieldDescriptor.TYPE_SINT64: _LONG,
    FieldDescriptor.TYPE_SFIXED64: _LONG,
    FieldDescriptor.TYPE_UINT64: _UNSIGNED_LONG,
    FieldDescriptor.TYPE_FIXED64: _UNSIGNED_LONG,
    FieldDescriptor.TYPE_INT32: _INTEGER,
    FieldDescriptor.TYPE_SINT32: _INTEGER,
    FieldDescriptor.TYPE_SFIXED32: _INTEGER,
    FieldDescriptor.TYPE_UINT32: _UNSIGNED,
    FieldDescriptor.TYPE_FIXED32: _UNSIGNED,
    FieldDescriptor.TYPE_BOOL: _BOOLEAN,
    FieldDescriptor.TYPE_STRING: _STRING,
    FieldDescriptor.TYPE_BYTES: {"type": "string", "format": "byte"},
}
"""By the field's type."""

WELL_KNOWN: Mapping[str, Json] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {"type": "string", "pattern": r"^-?\d+(\.\d+)?s$"},
    "google.protobuf.FieldMask": {
        "type": "string",
        "description": "Names of fields in camel case, with commas between.",
    },
    "google.protobuf.Empty": _OBJECT,
    "google.protobuf.Struct": _OBJECT,
    "google.protobuf.Value": {},
    "google.protobuf.ListValue": {"type": "array", "items": {}},
    "google.protobuf.Any": {
        "type": "object",
        "properties": {"@type": _STRING},
        "required": ["@type"],
        "additionalProperties": True,
    },
    "google.protobuf.BoolValue": _BOOLEAN,
    "google.protobuf.StringValue": _STRING,
    "google.protobuf.Int32Value": _INTEGER,
    "google.protobuf.Int64Value": _LONG,
    "google.protobuf.DoubleValue": _DOUBLE,
}
"""Messages that JSON writes in a way of their own."""

_FLAGS = {field_behavior_pb2.OUTPUT_ONLY: "readOnly", field_behavior_pb2.INPUT_ONLY: "writeOnly"}


@dataclass(frozen=True)
class Schemas:
    """Gathers the schemas of the messages and enums that a document refers to."""

    comments: Mapping[str, str]
    collected: dict[str, Json] = field(default_factory=dict)

    def reference(self, message: Descriptor) -> Json:
        """Refers to a message, whose schema is gathered."""
        if message.full_name in WELL_KNOWN:
            return WELL_KNOWN[message.full_name]
        if message.full_name not in self.collected:
            self.collected[message.full_name] = {}  # it may contain itself
            self.collected[message.full_name] = self._message(message)
        return {"$ref": f"#/components/schemas/{message.full_name}"}

    def of_field(self, one: FieldDescriptor) -> Json:
        """The schema of a field's value, with what its proto says about it."""
        return self._described(self._shape(one), one.full_name)

    def _shape(self, one: FieldDescriptor) -> Json:
        if one.message_type is not None and one.message_type.GetOptions().map_entry:
            return {"type": "object", "additionalProperties": self._single(one.message_type.fields_by_name["value"])}
        return {"type": "array", "items": self._single(one)} if one.is_repeated else self._single(one)

    def _single(self, one: FieldDescriptor) -> Json:
        if one.message_type is not None:
            return self.reference(one.message_type)
        return self._enum(one.enum_type) if one.enum_type is not None else SCALARS[one.type]

    def _enum(self, enum: EnumDescriptor) -> Json:
        if enum.full_name not in self.collected:
            names = [value.name for value in enum.values]
            said = [f"- `{name}`: {self.comments.get(f'{enum.full_name}.{name}', '')}" for name in names]
            text = "\n".join([self.comments.get(enum.full_name, ""), "", *said])
            self.collected[enum.full_name] = {"type": "string", "enum": names, "description": text.strip()}
        return {"$ref": f"#/components/schemas/{enum.full_name}"}

    def _message(self, message: Descriptor) -> Json:
        properties: Json = {}
        required: list[str] = []
        for one in message.fields:
            behaviors = list(one.GetOptions().Extensions[field_behavior_pb2.field_behavior])
            flags = {_FLAGS[behavior]: True for behavior in behaviors if behavior in _FLAGS}
            properties[one.json_name] = {**self.of_field(one), **flags}
            if field_behavior_pb2.REQUIRED in behaviors:
                required.append(one.json_name)
        schema: Json = {"type": "object", "properties": properties}
        return self._described({**schema, "required": required} if required else schema, message.full_name)

    def _described(self, schema: Json, name: str) -> Json:
        said = self.comments.get(name)
        return {**schema, "description": said} if said else schema
