"""Customers who never ask twice: each looks at every answer, and says what was wrong with it.

A client that repeats what failed would hide what is looked for here, so gRPC's own repeating is switched off too.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from http.client import HTTPException
from itertools import cycle

import grpc

from tests.rollout.requests import (
    CARDS,
    SPEAKING_SECONDS,
    Action,
    Goods,
    RestClient,
    Wrong,
    grpc_orders,
    grpc_reads,
    rest_orders,
    rest_reads,
    slow_orders,
)
from tests.rollout.tally import Tally

# An order costs the shop as much as ten looks, and most customers look.
THINKING_SECONDS = 0.3
# Once there were enough of them, requests go on until the last change is done, but leave the machine to it.
PAUSE_SECONDS = 0.2
CUSTOMERS = 8
# A pod waits 5 s between the end of its endpoint and SIGTERM. Of orders that take 10 s to say, begun by three customers
# in turns, one is younger than 4 s at any moment: it still runs at SIGTERM, and is to be drained. The mesh allows 15 s.
SPEAKERS = 3
CONNECTION = [("grpc.enable_retries", 0), ("grpc.use_local_subchannel_pool", 1)]


@contextmanager
def load(address: str, goods: Goods, enough: int) -> Iterator[Tally]:
    """Requests from all customers at once, as long as the block runs and until there were enough of them."""
    tally, cards = Tally(enough), cycle(CARDS)
    threads = [
        threading.Thread(target=_customer, args=(address, goods, tally, cards, number), name=f"customer-{number}")
        for number in range(CUSTOMERS)
    ]
    threads += [
        threading.Thread(target=_speaker, args=(address, goods, tally, number), name=f"speaker-{number}")
        for number in range(SPEAKERS)
    ]
    for thread in threads:
        thread.start()
    try:
        yield tally
        while tally.total < enough and not tally.failures:
            time.sleep(PAUSE_SECONDS)
    finally:
        tally.over.set()
        for thread in threads:
            thread.join()


def _customer(address: str, goods: Goods, tally: Tally, cards: Iterator[str], number: int) -> None:
    with (
        closing(RestClient(address)) as rest,
        grpc.insecure_channel(address, options=CONNECTION) as channel,
    ):
        of_each_kind = (
            rest_reads(rest, goods),
            grpc_reads(channel, goods),
            rest_orders(rest, goods, tally, cards),
            grpc_orders(channel, goods, tally, cards),
        )
        # Three in four only look.
        kind = of_each_kind[(0, 1, 0, 1, 0, 1, 2, 3)[number % 8]]
        thinking = THINKING_SECONDS if kind in of_each_kind[2:] else 0
        while not tally.over.wait(thinking):
            _round(kind, tally)


def _speaker(address: str, goods: Goods, tally: Tally, number: int) -> None:
    tally.over.wait(number * SPEAKING_SECONDS / SPEAKERS)
    with grpc.insecure_channel(address, options=CONNECTION) as channel:
        while not tally.over.is_set():
            _round(slow_orders(channel, goods, tally), tally)


def _round(actions: Sequence[Action], tally: Tally) -> None:
    for what, action in actions:
        try:
            action()
        except grpc.RpcError as error:
            tally.wrong(what, f"{error.code()} {error.details()}")
            return
        except (OSError, HTTPException, ValueError, LookupError, Wrong) as error:
            tally.wrong(what, repr(error))
            return
        tally.right(what)
        if tally.total > tally.enough:
            time.sleep(PAUSE_SECONDS)
