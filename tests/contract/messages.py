"""Messages that keep the rules written beside their fields, made from nothing but these rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random
from typing import Any
from uuid import UUID

from buf.validate import validate_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.type.money_pb2 import Money

from tests.contract.patterns import matching

FieldRules = validate_pb2.FieldRules
INTEGERS = {"int32": 32, "int64": 64}
"""The kinds of integer that are known, and how many bits they have."""

# No list of a valid request is longer, unless it has to.
_MANY = 3
_WIDEST = 1000


class UnknownRuleError(Exception):
    """A rule of a kind that isn't known here: teach `messages.py` to keep it and `rules.py` to break it."""


def empty(kind: Descriptor) -> Message:
    """A message without any field."""
    message: Message = GetMessageClass(kind)()
    return message


def rules_of(field: FieldDescriptor) -> FieldRules:
    """What is written beside a field."""
    options: Any = field.GetOptions().Extensions
    rules: FieldRules = options[validate_pb2.field]
    return rules


def typed(rules: FieldRules) -> Iterator[tuple[str, Any]]:
    """The rules that belong to a field's type, by name: `string.pattern` and what it says."""
    for kind, said in rules.ListFields():
        if kind.containing_oneof is not None:
            for rule, value in said.ListFields():
                yield f"{kind.name}.{rule.name}", value


def valid(kind: Descriptor, random: Random) -> Message:
    """A message that keeps its rules. Fields without rules stay empty."""
    message = empty(kind)
    for field in kind.fields:
        rules = rules_of(field)
        if field.is_repeated and (rules.ListFields() or _has_rules(field.message_type)):
            getattr(message, field.name).extend(elements(field, rules, random))
        elif field.message_type is not None and (rules.ListFields() or _has_rules(field.message_type)):
            getattr(message, field.name).CopyFrom(_part(field.message_type, random))
        elif field.message_type is None and rules.ListFields():
            setattr(message, field.name, scalar(field, rules, random))
    return message


def elements(field: FieldDescriptor, rules: FieldRules, random: Random, count: int | None = None) -> Sequence[Any]:
    """The elements of a list, each another; as many as are asked for, or as the rules allow."""
    bounds = dict(typed(rules))
    low = int(bounds.get("repeated.min_items", 0))
    wanted = random.randint(low, min(int(bounds.get("repeated.max_items", _MANY)), low + _MANY))
    made: list[Any] = []
    another: Any
    while len(made) < (wanted if count is None else count):
        if field.message_type is not None:
            another = _part(field.message_type, random)
        else:
            another = scalar(field, rules.repeated.items, random)
        if another not in made:
            made.append(another)
    return made


def scalar(field: FieldDescriptor, rules: FieldRules, random: Random) -> object:
    """A value for a field that has one."""
    said = dict(typed(rules))
    unknown = said.keys() - KEPT
    if unknown:
        raise UnknownRuleError(f"{field.full_name}: {', '.join(sorted(unknown))}")
    if rules.HasField("string"):
        if "string.pattern" in said:
            return matching(said["string.pattern"], random)
        if "string.uuid" in said:
            return str(UUID(int=random.getrandbits(128), version=4))
        low = int(said.get("string.min_len", 0))
        return "x" * random.randint(low, min(low + 20, int(said.get("string.max_len", low + 20))))
    kind = next((each for each in INTEGERS if rules.HasField(each)), None)
    if kind is None:
        raise UnknownRuleError(f"{field.full_name}: rules for {rules.WhichOneof('type')}")
    low = int(said.get(f"{kind}.gte", 0))
    high = min(int(said.get(f"{kind}.lte", low + _WIDEST)), low + _WIDEST)
    return random.choice([each for each in range(low, high + 1) if each not in said.get(f"{kind}.not_in", ())])


KEPT = frozenset(
    [
        "string.pattern",
        "string.uuid",
        "string.min_len",
        "string.max_len",
        *(f"{kind}.{rule}" for kind in INTEGERS for rule in ("gte", "lte", "not_in")),
    ]
)
"""The rules that `scalar` keeps."""

_MADE: Mapping[str, Callable[[Random], Message]] = {
    Money.DESCRIPTOR.full_name: lambda random: Money(currency_code="EUR", units=random.randint(1, 100)),
}
"""Messages of others, whose rules are ours and stand beside the field."""


def _part(kind: Descriptor, random: Random) -> Message:
    return _MADE[kind.full_name](random) if kind.full_name in _MADE else valid(kind, random)


def _has_rules(kind: Descriptor | None) -> bool:
    return kind is not None and any(
        rules_of(field).ListFields() or (field.message_type not in (None, kind) and _has_rules(field.message_type))
        for field in kind.fields
    )
