"""What the protovalidate rules of a field mean for its JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from souk_gateway import ranges
from souk_gateway.conditions import Json
from souk_gateway.descriptors import Api

Dynamic = Any
"""A message whose class is made from the descriptor set."""

_RULES_FILE = "buf/validate/validate.proto"
_STRING_FORMATS = {
    "uuid": "uuid",
    "email": "email",
    "hostname": "hostname",
    "ipv4": "ipv4",
    "ipv6": "ipv6",
    "uri": "uri",
    "uri_ref": "uri-reference",
}
# Of strings as JSON counts them, in characters. That many bytes are at most that many characters.
_LENGTHS = {"min_len": "minLength", "max_len": "maxLength", "max_bytes": "maxLength"}
_ITEMS = {"min_items": "minItems", "max_items": "maxItems"}
_PAIRS = {"min_pairs": "minProperties", "max_pairs": "maxProperties"}
_BOUNDS = {"gt": "exclusiveMinimum", "gte": "minimum", "lt": "exclusiveMaximum", "lte": "maximum"}
_SIGNS = {"gt": "above", "gte": "at least", "lt": "below", "lte": "at most"}
# As JSON these are strings, for which a schema has no bounds but by a pattern.
_SIGNED, _UNSIGNED = (-(2**63), 2**63 - 1), (0, 2**64 - 1)
_WRITTEN_AS_STRINGS = {
    "int64": _SIGNED,
    "sint64": _SIGNED,
    "sfixed64": _SIGNED,
    "uint64": _UNSIGNED,
    "fixed64": _UNSIGNED,
}
_NOT_NUMBERS = ("string", "bytes", "bool", "enum", "repeated", "map", "any", "duration", "timestamp", "field_mask")


@dataclass(frozen=True)
class Rules:
    """Reads the rules out of a descriptor set, which itself brings the types that they are written in."""

    api: Api

    def required(self, field: FieldDescriptor) -> bool:
        """Whether the value may not be left out."""
        return bool(getattr(self._of(field), "required", False))

    def keywords(self, field: FieldDescriptor) -> Json:
        """The JSON Schema keywords of a field; for a list, those of its items stand in `items`."""
        rules = self._of(field)
        keywords = {} if rules is None else dict(_keywords(rules))
        # An empty text is as good as none.
        return {"anyOf": [keywords, {"const": ""}]} if keywords and _may_be_empty(rules) else keywords

    def words(self, field: FieldDescriptor) -> tuple[str, ...]:
        """What no keyword can say: each a sentence for people."""
        rules = self._of(field)
        return () if rules is None else tuple(_words(rules))

    def of_message(self, message: Descriptor) -> tuple[str, ...]:
        """What is said of several fields of a message together."""
        rules = self._read(message, "google.protobuf.MessageOptions", "buf.validate.message")
        return () if rules is None else tuple(_sentence(one.message) for one in rules.cel if one.message)

    def _of(self, field: FieldDescriptor) -> Dynamic:
        rules = self._read(field, "google.protobuf.FieldOptions", "buf.validate.field")
        return None if rules is None or _ignored(rules) else rules

    def _read(self, described: FieldDescriptor | Descriptor, options: str, extension: str) -> Dynamic:
        if not self._has_rules:
            return None
        pool = self.api.pool
        kind: Dynamic = message_factory.GetMessageClass(pool.FindMessageTypeByName(options))
        read = kind.FromString(described.GetOptions().SerializeToString())
        rules = pool.FindExtensionByName(extension)
        return read.Extensions[rules] if read.HasExtension(rules) else None

    @cached_property
    def _has_rules(self) -> bool:
        return any(file.name == _RULES_FILE for file in self.api.files)


def _ignored(rules: Dynamic) -> bool:
    return _ignores(rules) == "IGNORE_ALWAYS"


def _may_be_empty(rules: Dynamic) -> bool:
    return _ignores(rules) == "IGNORE_IF_ZERO_VALUE" and rules.WhichOneof("type") == "string"


def _ignores(rules: Dynamic) -> str:
    return str(rules.DESCRIPTOR.fields_by_name["ignore"].enum_type.values_by_number[rules.ignore].name)


def _keywords(rules: Dynamic) -> Iterator[tuple[str, object]]:
    kind = rules.WhichOneof("type")
    if kind is None:
        return
    typed = getattr(rules, kind)
    match kind:
        case "string" | "bytes":
            yield from _string_keywords(typed)
        case "repeated":
            yield from _sizes(typed, _ITEMS)
            if typed.unique:
                yield "uniqueItems", True
            if typed.HasField("items"):
                yield "items", dict(_keywords(typed.items))
        case "map":
            yield from _sizes(typed, _PAIRS)
        case _ if kind in _WRITTEN_AS_STRINGS:
            yield from _long_keywords(typed, *_WRITTEN_AS_STRINGS[kind])
        case _ if kind not in _NOT_NUMBERS:
            yield from _sizes(typed, _BOUNDS)
            yield from _choices(typed)


def _string_keywords(typed: Dynamic) -> Iterator[tuple[str, object]]:
    present = {field.name for field, _ in typed.ListFields()}
    yield from _sizes(typed, _LENGTHS)
    if "len" in present:
        yield "minLength", typed.len
        yield "maxLength", typed.len
    if "pattern" in present:
        yield "pattern", typed.pattern
    elif "prefix" in present and isinstance(typed.prefix, str):
        yield "pattern", f"^{typed.prefix}"
    for rule, name in _STRING_FORMATS.items():
        if rule in present:
            yield "format", name
    if typed.DESCRIPTOR.name == "StringRules":
        yield from _choices(typed)


def _long_keywords(typed: Dynamic, least: int, most: int) -> Iterator[tuple[str, object]]:
    bounds = dict(_sizes(typed, {rule: rule for rule in _BOUNDS}))
    match bounds:
        case {"gt": int(bound)}:
            least = bound + 1
        case {"gte": int(bound)}:
            least = bound
    match bounds:
        case {"lt": int(bound)}:
            most = bound - 1
        case {"lte": int(bound)}:
            most = bound
    if bounds and least <= most:  # the other way round means: outside of them
        yield "pattern", ranges.pattern(least, most)
    for keyword, value in _choices(typed):
        if keyword == "const":
            yield keyword, str(value)
        elif keyword == "enum":
            yield keyword, [str(one) for one in getattr(typed, "in")]
        else:
            yield keyword, {"enum": [str(one) for one in typed.not_in]}


def _choices(typed: Dynamic) -> Iterator[tuple[str, object]]:
    if typed.HasField("const"):
        yield "const", typed.const
    if allowed := list(getattr(typed, "in")):
        yield "enum", allowed
    if forbidden := list(typed.not_in):
        yield "not", {"enum": forbidden}


def _sizes(typed: Dynamic, names: Mapping[str, str]) -> Iterator[tuple[str, object]]:
    """All of them have presence: zero as a bound is a bound too."""
    for rule, keyword in names.items():
        if rule in typed.DESCRIPTOR.fields_by_name and typed.HasField(rule):
            yield keyword, getattr(typed, rule)


def _words(rules: Dynamic) -> Iterator[str]:
    for one in rules.cel:
        if one.message:
            yield _sentence(one.message)
    kind = rules.WhichOneof("type")
    if kind in (*_WRITTEN_AS_STRINGS, "duration"):
        typed = getattr(rules, kind)
        bounds = [f"{sign} {_number(getattr(typed, rule))}" for rule, sign in _SIGNS.items() if typed.HasField(rule)]
        forbidden = [f"not {_number(one)}" for one in typed.not_in]
        if bounds or forbidden:
            yield _sentence(f"must be {', '.join([*bounds, *forbidden])}")


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(getattr(value, "seconds", value)) + " s"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}".removesuffix(".") + "."
