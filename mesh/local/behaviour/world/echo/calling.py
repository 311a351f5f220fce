"""Makes the calls that a test asks for, and says what came of each."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from echo.grpc_client import grpc_caller
from echo.http1_client import http1_caller
from echo.http2_client import http2_caller
from echo.orders import Caller, Observation, Order
from echo.tcp_client import tcp_caller

CALLERS: Mapping[str, Callable[[Order], Caller]] = {
    "http1": http1_caller,
    "http2": http2_caller,
    "grpc": grpc_caller,
    "tcp": tcp_caller,
}


def carry_out(order: Order) -> list[Observation]:
    """Makes all the calls: on one connection one after the other, or on `at_once` connections at the same time."""
    together = threading.Barrier(order.at_once)

    def share(count: int) -> list[Observation]:
        together.wait()
        return list(_series(order, count))

    shares = [order.count // order.at_once] * order.at_once
    with ThreadPoolExecutor(order.at_once) as pool:
        return [each for made in pool.map(share, shares) for each in made]


def _series(order: Order, count: int) -> Iterator[Observation]:
    with CALLERS[order.protocol](order) as call:
        for _ in range(count):
            begun = time.monotonic()
            seen = call()
            yield replace(seen, seconds=time.monotonic() - begun)
