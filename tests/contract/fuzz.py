"""Random requests: nonsense, damaged bytes, and such as are nearly or wholly right. The same seed gives the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from tests.contract.messages import empty, rules_of, typed, valid
from tests.contract.patterns import matches
from tests.contract.rules import put, rules_in

_TEXTS = (
    "",
    "x",
    "\0",
    "a\nb",
    " ",
    "products/",
    "products/../products/x",
    "products/a%2Fb",
    "'; DROP TABLE product; --",
    "%s%n{}",
    "\N{NAZAR AMULET}" * 50,
    "e\u0301\u202e\ufeff\u200b",
    "x" * 4_001,
    "a" * 100_000,
)
# Messages nest no deeper than this by chance …
_DEEPEST = 4
# … and this deep on purpose: parsers give up at 100.
_BOMB = 150


@dataclass(frozen=True)
class Names:
    """What exists, for requests that are about something."""

    known: Sequence[str]
    request_ids: Sequence[str]
    page_tokens: Sequence[str]


def request(kind: Descriptor, names: Names, random: Random) -> bytes:
    """One request."""
    make = random.choices((_nonsense, _damaged, _nearly_right, _right), (3, 2, 3, 2))[0]
    return make(kind, names, random)


def _nonsense(kind: Descriptor, _names: Names, random: Random) -> bytes:
    return _anything(kind, random, 0).SerializeToString()


def _right(kind: Descriptor, names: Names, random: Random) -> bytes:
    return _about_something(valid(kind, random), names, random).SerializeToString()


def _nearly_right(kind: Descriptor, names: Names, random: Random) -> bytes:
    message = valid(kind, random)
    rule = random.choice(list(rules_in(kind)))
    broken = random.choice(rule.wrong(message)) if _leads_somewhere(message, rule.path) else None
    message = _about_something(message, names, random)
    if broken is not None:
        put(message, rule.path, broken)
    return message.SerializeToString()


def _damaged(kind: Descriptor, names: Names, random: Random) -> bytes:
    good = _right(kind, names, random)
    match random.randrange(6):
        case 0:
            return random.randbytes(random.randrange(200))
        case 1:
            return good[: random.randrange(len(good) + 1)]
        case 2:
            flipped = bytearray(good or b"\0")
            for _ in range(random.randint(1, 4)):
                flipped[random.randrange(len(flipped))] ^= 1 << random.randrange(8)
            return bytes(flipped)
        case 3:
            return good + _field(random.randint(50, 2**20), random.randbytes(random.randrange(50)))
        case 4:
            return good + good
        case _:
            bomb = b""
            number = random.randint(1, 4)
            for _ in range(_BOMB):
                bomb = _field(number, bomb)
            return good + bomb


def _leads_somewhere(message: Message, path: tuple[str | int, ...]) -> bool:
    """Whether the lists on a path have a first element."""
    here: Any = message
    for step in path:
        if isinstance(step, int) and not here:
            return False
        here = here[step] if isinstance(step, int) else getattr(here, step)
    return True


def _anything(kind: Descriptor, random: Random, depth: int) -> Message:
    message = empty(kind)
    for field in kind.fields:
        if random.random() < 0.3 or (field.message_type is not None and depth >= _DEEPEST):
            continue
        if field.is_repeated:
            count = random.choice((1, 2, 101)) if depth == 0 else 1
            getattr(message, field.name).extend(_any_value(field, random, depth) for _ in range(count))
        elif field.message_type is not None:
            getattr(message, field.name).CopyFrom(_any_value(field, random, depth))
        else:
            setattr(message, field.name, _any_value(field, random, depth))
    return message


def _any_value(field: FieldDescriptor, random: Random, depth: int) -> Any:  # noqa: ANN401 - as the field's type is
    kind = field.cpp_type
    if field.message_type is not None:
        return _anything(field.message_type, random, depth + 1)
    if kind == FieldDescriptor.CPPTYPE_STRING:
        text = random.choice(_TEXTS)
        return text.encode() if field.type == FieldDescriptor.TYPE_BYTES else text
    if kind == FieldDescriptor.CPPTYPE_BOOL:
        return random.random() < 0.5
    if kind in (FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_ENUM):
        return random.choice((-(2**31), -1, 0, 1, 7, 999, 2**31 - 1))
    if kind == FieldDescriptor.CPPTYPE_INT64:
        return random.choice((-(2**63), -1, 0, 1, 7, 10_001, 2**53 + 1, 2**63 - 1))
    raise NotImplementedError(f"{field.full_name}: no random value is known for its type")


def _about_something(message: Message, names: Names, random: Random) -> Message:
    """Puts names of what exists in the place of most invented ones."""
    kind: Any = message.DESCRIPTOR
    for field in kind.fields:
        rules = rules_of(field)
        held = getattr(message, field.name)
        if field.message_type is not None:
            for part in held if field.is_repeated else [held] if message.HasField(field.name) else []:
                _about_something(part, names, random)
        elif field.name == "page_token":
            setattr(message, field.name, random.choice(names.page_tokens))
        elif rules.string.uuid:
            setattr(message, field.name, random.choice(("", held, *names.request_ids)))
        elif field.cpp_type == FieldDescriptor.CPPTYPE_STRING and random.random() < 0.7:
            pattern = dict(typed(rules.repeated.items if field.is_repeated else rules)).get("string.pattern")
            # A name without a rule is judged by the service.
            by_rule = [name for name in names.known if pattern and matches(pattern, name)]
            fitting = names.known if field.name == "name" and not pattern else by_rule
            if fitting and field.is_repeated:
                held[:] = [random.choice(fitting) for _ in held]
            elif fitting:
                setattr(message, field.name, random.choice(fitting))
    return message


def _field(number: int, content: bytes) -> bytes:
    """A field as it is on the wire, of a length that it says itself."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    said = b""
    while value > 127:
        said += bytes([value & 127 | 128])
        value >>= 7
    return said + bytes([value])
