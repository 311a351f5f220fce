"""Reads the filter of a list: restrictions joined by AND, a strict part of what AIP-160 describes.

A filter that is not understood whole is refused, with the column where it ends to make sense: half a filter would
answer another question.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

from souk_chassis.errors import Violation, invalid

# Each is one more comparison for every product that is looked at.
MOST_RESTRICTIONS = 10


class Operator(StrEnum):
    """How a field is compared. `HAS` means: contains these characters, ASCII letters in either case."""

    EQUAL = "="
    DIFFERENT = "!="
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="
    HAS = ":"


Value: TypeAlias = str | int | datetime


@dataclass(frozen=True)
class Restriction:
    """One comparison; the value has the type that belongs to the field."""

    field: str
    operator: Operator
    value: Value


@dataclass(frozen=True)
class _Field:
    kind: type[Value]
    operators: frozenset[Operator]


_EQUALITY = frozenset({Operator.EQUAL, Operator.DIFFERENT})
_ORDER = frozenset(Operator) - {Operator.HAS}
FIELDS: Mapping[str, _Field] = MappingProxyType(
    {
        "display_name": _Field(str, _EQUALITY | {Operator.HAS}),
        "price.currency_code": _Field(str, _EQUALITY),
        "price.units": _Field(int, _ORDER),
        "create_time": _Field(datetime, _ORDER),
        "update_time": _Field(datetime, _ORDER),
    }
)
"""What a filter may name, and how each is compared."""

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>"(?:[^"\\]|\\["\\])*")
      | (?P<operator><=|>=|!=|=|<|>|:)
      | (?P<word>-?[A-Za-z0-9_][A-Za-z0-9_.]*)
    )""",
    re.VERBOSE,
)
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_EXAMPLE = 'such as `price.units < 100 AND display_name:"lamp"`'


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    column: int


def parse(text: str) -> tuple[Restriction, ...]:
    """The restrictions of a filter, all of which must hold; none for an empty one.

    Raises:
        Refused: INVALID_ARGUMENT, saying what is allowed at which column.
    """
    tokens = list(_tokens(text))
    if tokens[0].kind == "end":
        return ()
    restrictions = []
    here = 0
    while True:
        restrictions.append(_restriction(*tokens[here : here + 3]))
        here += 3
        if tokens[here].kind == "end":
            break
        if (tokens[here].kind, tokens[here].text) != ("word", "AND"):
            raise _wrong(tokens[here], "expected AND; OR, NOT and parentheses are not supported")
        here += 1
    if len(restrictions) > MOST_RESTRICTIONS:
        raise _refused(f"{len(restrictions)} restrictions; {MOST_RESTRICTIONS} at the most")
    return tuple(restrictions)


def _tokens(text: str) -> Iterator[_Token]:
    position, end = 0, len(text.rstrip())
    while position < end:
        found = _TOKEN.match(text, position)
        if found is None:
            rest = text[position:].lstrip()
            column = len(text) - len(rest) + 1
            raise _refused(f"column {column}: can't be read from {rest[:20]!r} on; texts stand in double quotes")
        kind = str(found.lastgroup)
        yield _Token(kind, found[kind], found.start(kind) + 1)
        position = found.end()
    # Whoever looks ahead finds the end as often as they like.
    for _ in range(3):
        yield _end(text)


def _end(text: str) -> _Token:
    return _Token("end", "", len(text.rstrip()) + 1)


def _restriction(name: _Token, operator: _Token, value: _Token) -> Restriction:
    field = FIELDS.get(name.text) if name.kind == "word" else None
    if field is None:
        raise _wrong(name, f"expected one of the fields {', '.join(FIELDS)}; {_EXAMPLE}")
    if operator.kind != "operator" or operator.text not in field.operators:
        allowed = ", ".join(each for each in Operator if each in field.operators)
        raise _wrong(operator, f"expected one of {allowed} after {name.text}")
    return Restriction(name.text, Operator(operator.text), _value(field.kind, value))


def _value(kind: type[Value], token: _Token) -> Value:
    if kind is int:
        if token.kind == "word" and _WHOLE.fullmatch(token.text):
            return int(token.text)
        raise _wrong(token, "expected a whole number of up to 18 digits")
    if token.kind != "text":
        raise _wrong(token, "expected a text in double quotes")
    text = re.sub(r"\\(.)", r"\1", token.text[1:-1])
    if kind is datetime:
        return _moment(token, text)
    if not text or any(unicodedata.category(each) == "Cc" for each in text):
        raise _wrong(token, "expected a text that is not empty and has no control characters")
    return text


def _moment(token: _Token, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None and "T" in text.upper():
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise _wrong(token, 'expected a moment with its time zone, such as "2026-01-31T12:00:00Z"')


def _wrong(token: _Token, expected: str) -> Exception:
    found = "the filter ends" if token.kind == "end" else f"{token.text[:40]} stands there"
    return _refused(f"column {token.column}: {expected}; {found}")


def _refused(description: str) -> Exception:
    return invalid(Violation("filter", description))
