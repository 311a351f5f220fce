"""Every rule of a request, and how to break it and no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import protovalidate
from buf.validate import validate_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.type.money_pb2 import Money

from tests.contract.messages import INTEGERS, UnknownRuleError, elements, rules_of, typed, valid
from tests.contract.patterns import matches

ABSENT = object()
"""In place of a value: the field is not set."""

_TEXTS = ("", " ", "-", "UPPER", "x", "x" * 500, "\n", "\0", "é", "../..", "%2e", "products/", "products/a/b", "tok_")
_MONEY = (
    Money(),
    Money(units=1),
    Money(currency_code="eur", units=1),
    Money(currency_code="EURO", units=1),
    Money(currency_code="EUR\n", units=1),
    Money(currency_code="EUR"),
    Money(currency_code="EUR", units=-1),
    Money(currency_code="EUR", units=1, nanos=-1),
    Money(currency_code="EUR", nanos=1_000_000_000),
    Money(currency_code="EUR", units=2**63 - 1),
)


Breaker = Callable[["Rule", Message], Sequence[object]]


@dataclass(frozen=True)
class Rule:
    """One rule at one place of a request."""

    path: tuple[str | int, ...]
    """`("lines", 0, "product")` is `lines[0].product`."""
    kind: str
    says: Any
    field: FieldDescriptor

    @property
    def place(self) -> str:
        """The path as a violation names it."""
        return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path).removeprefix(".")

    def __str__(self) -> str:
        return f"{self.place}-{self.kind}"

    def wrong(self, request: Message) -> Sequence[object]:
        """Values that break this rule and no other beside it.

        Raises:
            UnknownRuleError: nobody has taught how to break a rule of this kind.
        """
        if self.kind not in BREAKERS:
            raise UnknownRuleError(f"{self.field.full_name}: {self.kind}")
        beside = rules_of(self.field)
        ignored_if_empty = beside.ignore == validate_pb2.IGNORE_IF_ZERO_VALUE
        found = [value for value in BREAKERS[self.kind](self, request) if value or not ignored_if_empty]
        if not found:
            raise UnknownRuleError(f"{self.field.full_name}: no value is known that breaks {self.kind} {self.says}")
        return found


def rules_in(kind: Descriptor, path: tuple[str | int, ...] = ()) -> Iterator[Rule]:
    """Every rule, in the fields of fields too."""
    options: Any = kind.GetOptions().Extensions
    if options[validate_pb2.message].ListFields():
        raise UnknownRuleError(f"{kind.full_name}: rules for the whole message")
    for oneof in kind.oneofs:
        options = oneof.GetOptions().Extensions
        if options[validate_pb2.oneof].ListFields():
            raise UnknownRuleError(f"{kind.full_name}.{oneof.name}: rules for a oneof")
    for field in kind.fields:
        here = (*path, field.name)
        yield from _beside(field, rules_of(field), here)
        # What the validator ignores, the service judges itself, by the same rules.
        if field.message_type is not None:
            yield from rules_in(field.message_type, (*here, 0) if field.is_repeated else here)


def _beside(field: FieldDescriptor, rules: validate_pb2.FieldRules, here: tuple[str | int, ...]) -> Iterator[Rule]:
    for named, said in rules.ListFields():
        if named.name == "ignore" or (named.name == "required" and not said):
            continue
        if named.name == "cel":
            yield from (Rule(here, "cel", cel, field) for cel in said)
        elif named.containing_oneof is None:
            yield Rule(here, named.name, said, field)
    for kind, said in typed(rules):
        if kind == "repeated.items":
            yield from _beside(field, said, (*here, 0))
        else:
            yield Rule(here, kind, said, field)


def holder_of(request: Message, path: tuple[str | int, ...]) -> Any:  # noqa: ANN401 - a message or a list
    """What holds the last step of a path."""
    holder: Any = request
    for step in path[:-1]:
        holder = holder[step] if isinstance(step, int) else getattr(holder, step)
    return holder


def put(request: Message, path: tuple[str | int, ...], value: object) -> None:
    """Sets what a path leads to."""
    holder, last = holder_of(request, path), path[-1]
    if isinstance(last, int):
        holder[last] = value
    elif value is ABSENT:
        holder.ClearField(last)
    elif isinstance(value, Message):
        getattr(holder, last).CopyFrom(value)
    elif isinstance(value, list | tuple):
        holder.ClearField(last)
        getattr(holder, last).extend(value)
    else:
        setattr(holder, last, value)


def _now(rule: Rule, request: Message) -> Any:  # noqa: ANN401 - whatever the field holds
    holder, last = holder_of(request, rule.path), rule.path[-1]
    return holder[last] if isinstance(last, int) else getattr(holder, last)


def _no_match(rule: Rule, request: Message) -> Sequence[object]:
    good = _now(rule, request)
    near = (f"{good}\n", f" {good}", f"{good}{good}", f"{good}Z", f"{good}é", f"x{good}", good.upper())
    return [text for text in (*near, *_TEXTS) if not matches(rule.says, text)]


def _no_uuid(rule: Rule, request: Message) -> Sequence[object]:
    good = str(_now(rule, request))
    return ["no uuid", good[:-1], f"{good}0", f"{good}\n", f"{{{good}}}", good.replace("-", "_")]


def _broken_cel(rule: Rule, request: Message) -> Sequence[object]:
    """An expression can't be turned round: of the values that come into question, those that break it are taken."""
    if rule.field.is_repeated:
        good = list(_now(rule, request))
        candidates: Sequence[object] = [[*good, good[0]]] if good else []
    elif rule.field.message_type is not None and rule.field.message_type is Money.DESCRIPTOR:
        candidates = _MONEY
    else:
        raise UnknownRuleError(f"{rule.field.full_name}: cel {rule.says.id}")
    # Judged at the message that holds the field, since the one around it may ignore its rules.
    holder = holder_of(request, rule.path)
    found = []
    for candidate in candidates:
        changed = type(holder)()
        changed.CopyFrom(holder)
        put(changed, rule.path[-1:], candidate)
        broken = {each.proto.rule_id for each in protovalidate.Validator().collect_violations(changed)}
        if broken == {rule.says.id}:
            found.append(candidate)
    return found


def _too_many(rule: Rule, _request: Message) -> Sequence[object]:
    return [list(elements(rule.field, rules_of(rule.field), Random(0), count=rule.says + 1))]


def _below(bits: int) -> Breaker:
    return lambda rule, _: [rule.says - 1, -(2 ** (bits - 1))]


def _above(bits: int) -> Breaker:
    return lambda rule, _: [rule.says + 1, 2 ** (bits - 1) - 1]


BREAKERS: Mapping[str, Breaker] = {
    "required": lambda rule, _: [ABSENT],
    "cel": _broken_cel,
    "string.pattern": _no_match,
    "string.uuid": _no_uuid,
    "string.min_len": lambda rule, _: ["x" * (rule.says - 1)],
    "string.max_len": lambda rule, _: ["x" * (rule.says + 1), "é" * (rule.says + 1), "x" * (rule.says + 100_000)],
    "repeated.min_items": lambda rule, request: [list(_now(rule, request))[: rule.says - 1]],
    "repeated.max_items": _too_many,
    **{f"{kind}.gte": _below(bits) for kind, bits in INTEGERS.items()},
    **{f"{kind}.lte": _above(bits) for kind, bits in INTEGERS.items()},
    **{f"{kind}.not_in": lambda rule, _: list(rule.says) for kind in INTEGERS},
}
"""For each kind of rule, values that break it."""


def base(kind: Descriptor) -> Message:
    """A request that keeps every rule, the same each time."""
    request = valid(kind, Random(kind.full_name))
    for path, value in KEPT_BY_HAND.get(kind.full_name, {}).items():
        put(request, path, value)
    return request


KEPT_BY_HAND: Mapping[str, Mapping[tuple[str | int, ...], object]] = {
    "souk.catalog.v1.UpdateProductRequest": {("product", "name"): "products/contract"},
    "souk.catalog.v1.ListProductsRequest": {("page_token",): "", ("filter",): "", ("order_by",): ""},
    "souk.order.v1.ListOrdersRequest": {("page_token",): ""},
}
"""What services expect beside the rules in the protos."""
