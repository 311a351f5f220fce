"""JSON schemas of messages, as the gateway takes and gives them.

What is taken and what is given differ: a request must hold the fields that its rules require, an answer holds every
field that can be empty, even one that is never given. So a message has up to three schemas, told apart by their names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from google.api import field_behavior_pb2
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from souk_gateway.conditions import Json
from souk_gateway.constraints import Rules
from souk_gateway.wellknown import IN_WORDS, SCALARS, WELL_KNOWN

# A name is chosen when a resource is made, by the service or beside the resource, and stands in the path from then on.
_NOT_SETTABLE = (field_behavior_pb2.OUTPUT_ONLY, field_behavior_pb2.IDENTIFIER)


class Use(Enum):
    """For what a schema is; the value ends its name."""

    GIVEN = ""
    TAKEN = ".Input"
    CHANGES = ".Changes"
    """The body of a PATCH, where everything may be left out."""


@dataclass(frozen=True)
class Schemas:
    """Gathers the schemas of the messages and enums that a document refers to."""

    comments: Mapping[str, str]
    rules: Rules
    collected: dict[str, Json] = field(default_factory=dict)

    def reference(self, message: Descriptor, use: Use) -> Json:
        """Refers to a message, whose schema is gathered."""
        if message.full_name in WELL_KNOWN:
            return WELL_KNOWN[message.full_name]
        name = f"{message.full_name}{use.value}"
        if name not in self.collected:
            self.collected[name] = {}  # it may contain itself
            self.collected[name] = self.object_of(message, list(message.fields), use)
        return {"$ref": f"#/components/schemas/{name}"}

    def object_of(self, message: Descriptor, fields: list[FieldDescriptor], use: Use) -> Json:
        """The schema of a message of which only some fields are there."""
        required = [one.json_name for one in fields if self._required(one, use)]
        schema: Json = {
            "type": "object",
            "properties": {one.json_name: self._property(one, use) for one in fields},
            **({"required": required} if required else {}),
            # A body's unknown fields are refused; an answer may have new ones one day.
            **({} if use is Use.GIVEN else {"additionalProperties": False}),
        }
        return _described(schema, self.comments.get(message.full_name, ""), *self.rules.of_message(message))

    def of_field(self, one: FieldDescriptor, use: Use) -> Json:
        """The schema of a field's value, with what its proto says about it."""
        limits = {} if use is Use.GIVEN else {**IN_WORDS.get(one.full_name, {}), **self.rules.keywords(one)}
        schema = _within(self._shape(one, use), limits)
        words = () if use is Use.GIVEN else self.rules.words(one)
        return _described(schema, self.comments.get(one.full_name, ""), *words)

    def _property(self, one: FieldDescriptor, use: Use) -> Json:
        behaviors = behaviors_of(one)
        if use is Use.GIVEN and field_behavior_pb2.INPUT_ONLY in behaviors:
            return _described(self.of_field(one, use), "Never given: it is always empty in an answer.")
        flags: Json = {}
        if not {*behaviors}.isdisjoint(_NOT_SETTABLE):
            flags = {"readOnly": True}
        elif field_behavior_pb2.INPUT_ONLY in behaviors:
            flags = {"writeOnly": True}
        if use is not Use.CHANGES:
            return {**self.of_field(one, use), **flags}
        # A change replaces what is within a field as a whole.
        schema = {**self.of_field(one, Use.TAKEN), **flags}
        return _described(schema, "Value is required if the mask names it.") if self.is_required(one) else schema

    def _required(self, one: FieldDescriptor, use: Use) -> bool:
        if use is Use.CHANGES:
            return False
        if use is Use.TAKEN:
            return self.is_required(one)
        # Only what has no presence is written when it is empty.
        return not one.has_presence

    def is_required(self, one: FieldDescriptor) -> bool:
        """Whether a request must hold the field."""
        return field_behavior_pb2.REQUIRED in behaviors_of(one) or self.rules.required(one)

    def _shape(self, one: FieldDescriptor, use: Use) -> Json:
        if one.message_type is not None and one.message_type.GetOptions().map_entry:
            values = self._single(one.message_type.fields_by_name["value"], use)
            return {"type": "object", "additionalProperties": values}
        return {"type": "array", "items": self._single(one, use)} if one.is_repeated else self._single(one, use)

    def _single(self, one: FieldDescriptor, use: Use) -> Json:
        if one.message_type is not None:
            return self.reference(one.message_type, use)
        return self._enum(one.enum_type) if one.enum_type is not None else SCALARS[one.type]

    def _enum(self, enum: EnumDescriptor) -> Json:
        if enum.full_name in WELL_KNOWN:
            return WELL_KNOWN[enum.full_name]
        if enum.full_name not in self.collected:
            names = [value.name for value in enum.values]
            said = [f"- `{name}`: {self.comments.get(f'{enum.full_name}.{name}', '')}" for name in names]
            text = "\n".join([self.comments.get(enum.full_name, ""), "", *said])
            self.collected[enum.full_name] = {"type": "string", "enum": names, "description": text.strip()}
        return {"$ref": f"#/components/schemas/{enum.full_name}"}


def behaviors_of(one: FieldDescriptor) -> tuple[int, ...]:
    """What `google.api.field_behavior` says of a field."""
    return tuple(one.GetOptions().Extensions[field_behavior_pb2.field_behavior])


def _described(schema: Json, *texts: str) -> Json:
    """Adds words to those that a schema has already."""
    said = " ".join(text for text in (*texts, str(schema.get("description", ""))) if text)
    return {**schema, "description": said} if said else schema


def _within(schema: Json, keywords: Json) -> Json:
    """Adds keywords; those of items go to the items."""
    items = keywords.pop("items", None)
    merged = {**schema, **keywords}
    if isinstance(items, dict) and items:
        inner = schema["items"]
        assert isinstance(inner, dict)
        merged["items"] = {**inner, **items}
    return merged
