"""Calls over plain TCP: a line there, a line back, each on a connection of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from echo.connecting import connect
from echo.orders import Observation, Order, unanswered


@contextmanager
def tcp_caller(order: Order) -> Iterator[Callable[[], Observation]]:
    """Opens a connection for each call: over TCP that is what proxies balance."""

    def call() -> Observation:
        try:
            with connect(order) as connection:
                connection.sendall(order.asked.encode() + b"\n")
                with connection.makefile() as lines:
                    line = lines.readline()
        except OSError as error:
            return unanswered(error)
        return Observation("answered", bodies=(line,)) if line else unanswered(ConnectionResetError())

    yield call
