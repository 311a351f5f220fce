"""The orders in which products are listed: those that have an index, so that every page costs the same."""

import re
from dataclasses import dataclass

from souk_chassis.errors import Violation, invalid

FIELDS = ("name", "display_name", "create_time")
"""What products may be ordered by. Those that are equal follow each other by name."""

_PART = re.compile(r" *([a-z_.]+)(?: +(asc|desc))? *", re.IGNORECASE)


@dataclass(frozen=True)
class Order:
    """By which field, and whether from the last to the first."""

    field: str = "name"
    descending: bool = False

    def __str__(self) -> str:
        return f"{self.field} desc" if self.descending else self.field


BY_NAME = Order()


def parse(text: str) -> Order:
    """The order that an AIP-132 `order_by` asks for; by name if it is empty.

    `name` may stand behind another field, in the same direction: it decides among equals anyway. The other way round
    would need an index of its own.

    Raises:
        Refused: INVALID_ARGUMENT, saying what is allowed.
    """
    if not text.strip(" "):
        return BY_NAME
    parts = [_PART.fullmatch(part) for part in text.split(",")]
    wanted = [Order(part[1], (part[2] or "asc").lower() == "desc") for part in parts if part]
    first = wanted[0] if wanted else None
    if first is None or len(wanted) != len(parts) or first.field not in FIELDS or not _needless(first, wanted[1:]):
        allowed = f"one of {', '.join(FIELDS)}, each with or without ` desc`"
        second = "a second field can only be `name` in the same direction, such as `display_name desc, name desc`"
        raise invalid(Violation("order_by", f"must be {allowed}; {second}"))
    return first


def _needless(first: Order, others: list[Order]) -> bool:
    return others == [] or (others == [Order("name", first.descending)] and first.field != "name")
