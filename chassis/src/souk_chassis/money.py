"""Amounts of money, exact: no float comes near them."""

from dataclasses import dataclass
from functools import total_ordering
from typing import Self

from google.type import money_pb2

NANO = 1_000_000_000
_UNITS_MIN, _UNITS_MAX = -(2**63), 2**63 - 1


class MoneyError(ValueError):
    """An amount that is none, or an operation that makes no sense: two currencies, a sum that does not fit."""


@total_ordering
@dataclass(frozen=True)
class Money:
    """An amount in one currency, as `google.type.Money` has it: -1.75 is units -1 and nanos -750,000,000."""

    currency_code: str
    units: int = 0
    nanos: int = 0

    def __post_init__(self) -> None:
        code = self.currency_code
        if not (len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()):
            raise MoneyError(f"currency code {code!r} is not three capital letters")
        if not _UNITS_MIN <= self.units <= _UNITS_MAX:
            raise MoneyError(f"units {self.units} do not fit into 64 bits")
        if not -NANO < self.nanos < NANO:
            raise MoneyError(f"nanos {self.nanos} are not between -999,999,999 and 999,999,999")
        if (self.units > 0 > self.nanos) or (self.units < 0 < self.nanos):
            raise MoneyError(f"units {self.units} and nanos {self.nanos} differ in sign")

    @classmethod
    def from_proto(cls, money: money_pb2.Money) -> Self:
        """Takes the wire form.

        Raises:
            MoneyError: it is not a valid amount.
        """
        return cls(money.currency_code, money.units, money.nanos)

    @classmethod
    def from_nanos(cls, currency_code: str, total: int) -> Self:
        """The amount of so many billionths: the form in which a store keeps it as one number."""
        sign = -1 if total < 0 else 1
        units, nanos = divmod(abs(total), NANO)
        return cls(currency_code, sign * units, sign * nanos)

    def to_proto(self) -> money_pb2.Money:
        """Gives the wire form."""
        return money_pb2.Money(currency_code=self.currency_code, units=self.units, nanos=self.nanos)

    @property
    def total_nanos(self) -> int:
        """The whole amount in billionths."""
        return self.units * NANO + self.nanos

    def __add__(self, other: "Money") -> "Money":
        return Money.from_nanos(self.currency_code, self.total_nanos + self._same(other).total_nanos)

    def __sub__(self, other: "Money") -> "Money":
        return Money.from_nanos(self.currency_code, self.total_nanos - self._same(other).total_nanos)

    def __neg__(self) -> "Money":
        return Money.from_nanos(self.currency_code, -self.total_nanos)

    def __mul__(self, times: int) -> "Money":
        return Money.from_nanos(self.currency_code, self.total_nanos * times)

    __rmul__ = __mul__

    def __lt__(self, other: "Money") -> bool:
        return self.total_nanos < self._same(other).total_nanos

    def __bool__(self) -> bool:
        return self.total_nanos != 0

    def __str__(self) -> str:
        sign = "-" if self.total_nanos < 0 else ""
        decimals = f"{abs(self.nanos):09d}".rstrip("0").ljust(2, "0")
        return f"{sign}{abs(self.units)}.{decimals} {self.currency_code}"

    def _same(self, other: "Money") -> "Money":
        if other.currency_code != self.currency_code:
            raise MoneyError(f"{self} and {other} are of different currencies")
        return other
