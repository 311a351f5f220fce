"""Customers as they are: they order, and ask again with the same key until they know how it ended or lose patience."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from random import Random
from uuid import UUID

from tests.reliability.audit import Told
from tests.rest import Answer, Rest

# Slow ones above all: the bank has moved the money and its answer is half a second away, which is when a kill hurts.
CARDS = (
    "tok_visa",
    "tok_visa",
    "tok_slow",
    "tok_slow",
    "tok_slow",
    "tok_slow",
    "tok_declined",
    "tok_flaky",
    "tok_charge_then_timeout",
    "tok_capture_fails_once",
)
PAUSE_SECONDS = 0.5
_STATES = {"STATE_CONFIRMED": "CONFIRMED", "STATE_CANCELLED": "CANCELLED"}


@dataclass(frozen=True)
class Shopper:
    """One customer with one order in mind."""

    customer: str
    key: str
    products: tuple[tuple[str, int], ...]
    card: str
    comes_after: float
    """Seconds after the others begin."""
    thinks_better: bool
    """Whether the order is cancelled once it is confirmed."""

    def shop(self, rest: Rest, patience: float) -> Told | None:
        """Orders, and perhaps cancels. Returns what is known in the end; None if nothing is."""
        time.sleep(self.comes_after)
        deadline = time.monotonic() + patience
        told = self._order(rest, deadline)
        if told is not None and told.state == "CONFIRMED" and self.thinks_better:
            return self._cancel(rest, told, deadline)
        return told

    def _order(self, rest: Rest, deadline: float) -> Told | None:
        lines = [{"product": product, "quantity": quantity} for product, quantity in self.products]
        body = {"lines": lines, "cardToken": self.card}
        told = None
        while time.monotonic() < deadline:
            answer = ask(rest, f"/v1/{self.customer}/orders", body, self.key)
            told = self._understood(answer) or told if answer else told
            if told is not None and told.state:
                break
            time.sleep(PAUSE_SECONDS)
        return told

    def _understood(self, answer: Answer) -> Told | None:
        """An order, or a refusal that names the order that it cancelled; everything else is asked again."""
        if answer.status == 200:
            return Told(self.key, answer.body["name"], _STATES.get(answer.body["state"], ""))
        order = answer.metadata.get("order")
        if order:
            return Told(self.key, order, "CANCELLED")
        # A client can't make these better by asking again; none of them is a failure of something that was killed.
        assert answer.reason not in ("INVALID_ARGUMENT", "PRODUCT_NOT_FOUND", "REQUEST_ID_REUSED"), answer
        return None

    def _cancel(self, rest: Rest, told: Told, deadline: float) -> Told:
        while time.monotonic() < deadline:
            answer = ask(rest, f"/v1/{told.order}:cancel", {}, str(UUID(self.key).int % 10**12))
            if answer and answer.status == 200 and answer.body["state"] == "STATE_CANCELLED":
                return Told(told.key, told.order, "CANCELLED")
            time.sleep(PAUSE_SECONDS)
        # The wish may have been heard or not.
        return Told(told.key, told.order)


def crowd(seed: int, count: int, within: float, products: Sequence[str]) -> Sequence[Shopper]:
    """Customers who come at random moments within so many seconds, with cards of every kind; a seed's are the same."""
    random = Random(seed)
    return [
        Shopper(
            customer=f"customers/seed-{seed}-{number}",
            key=str(UUID(int=random.getrandbits(128), version=4)),
            products=tuple((product, random.randint(1, 3)) for product in random.sample(products, 2)),
            card=random.choice(CARDS),
            comes_after=random.uniform(0, within),
            thinks_better=random.random() < 0.15,
        )
        for number in range(count)
    ]


def ask(rest: Rest, path: str, body: Mapping[str, object], key: str) -> Answer | None:
    """The answer; None if there was none, or none that makes sense, since something on the way was killed."""
    try:
        return rest.post(path, body, key)
    except (OSError, HTTPException, ValueError):
        return None
