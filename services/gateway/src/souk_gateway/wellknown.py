"""JSON schemas of scalars, and of the messages that JSON writes in a way of their own."""

from __future__ import annotations

from collections.abc import Mapping

from google.protobuf.descriptor import FieldDescriptor

from souk_gateway.conditions import Json

_STRING: Json = {"type": "string"}
# 64 bits don't fit into a JavaScript number: they are written as strings.
_LONG: Json = {"type": "string", "format": "int64", "pattern": "^-?[0-9]{1,19}$"}
_UNSIGNED_LONG: Json = {"type": "string", "format": "uint64", "pattern": "^[0-9]{1,20}$"}
_INTEGER: Json = {"type": "integer", "format": "int32", "minimum": -(2**31), "maximum": 2**31 - 1}
_UNSIGNED: Json = {"type": "integer", "format": "uint32", "minimum": 0, "maximum": 2**32 - 1}
# What isn't a number in JSON is written as a word.
_WORDS: Json = {"type": "string", "enum": ["NaN", "Infinity", "-Infinity"]}
_DOUBLE: Json = {"anyOf": [{"type": "number", "format": "double"}, _WORDS]}
_FLOAT: Json = {"anyOf": [{"type": "number", "format": "float"}, _WORDS]}
_BOOLEAN: Json = {"type": "boolean"}
_BYTES: Json = {"type": "string", "format": "byte", "contentEncoding": "base64"}

SCALARS: Mapping[int, Json] = {
    FieldDescriptor.TYPE_DOUBLE: _DOUBLE,
    FieldDescriptor.TYPE_FLOAT: _FLOAT,
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
    FieldDescriptor.TYPE_BYTES: _BYTES,
}
"""By the field's type."""

WELL_KNOWN: Mapping[str, Json] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {
        "type": "string",
        "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$",
        "description": "Seconds, `1.5s`.",
    },
    "google.protobuf.FieldMask": {
        "type": "string",
        "description": "Names of fields in camel case, with commas between.",
    },
    "google.protobuf.Empty": {"type": "object", "additionalProperties": False},
    "google.protobuf.Struct": {"type": "object", "additionalProperties": True},
    "google.protobuf.Value": {},
    "google.protobuf.ListValue": {"type": "array", "items": {}},
    "google.protobuf.NullValue": {"type": "null"},
    "google.protobuf.Any": {
        "type": "object",
        "properties": {"@type": {"type": "string", "description": "`type.googleapis.com/` and the message's name."}},
        "required": ["@type"],
        "additionalProperties": True,
    },
    "google.protobuf.BoolValue": _BOOLEAN,
    "google.protobuf.StringValue": _STRING,
    "google.protobuf.BytesValue": _BYTES,
    "google.protobuf.Int32Value": _INTEGER,
    "google.protobuf.UInt32Value": _UNSIGNED,
    "google.protobuf.Int64Value": _LONG,
    "google.protobuf.UInt64Value": _UNSIGNED_LONG,
    "google.protobuf.FloatValue": _FLOAT,
    "google.protobuf.DoubleValue": _DOUBLE,
}
"""Messages that JSON writes in a way of their own."""

IN_WORDS: Mapping[str, Json] = {
    "google.type.Money.currency_code": {"pattern": "^[A-Z]{3}$", "examples": ["EUR"]},
    "google.type.Money.units": {"examples": ["12"]},
    "google.type.Money.nanos": {"minimum": -999_999_999, "maximum": 999_999_999, "examples": [500_000_000]},
}
"""What published protos say of their fields in comments, by the field's full name; with what a form begins with."""
