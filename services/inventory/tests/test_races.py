"""Many callers at once, over a real connection, on both databases."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from uuid import uuid4

import grpc
import pytest
from souk_chassis.errors import refusal

from .world import Inventory

grpc_max_workers = 32


def outcomes(calls: Sequence[Callable[[], object]]) -> Counter[str]:
    """Makes all the calls at once; counts the reasons for which they were refused, and "" for the others."""

    def outcome(call: Callable[[], object]) -> str:
        try:
            call()
        except grpc.RpcError as error:
            return refusal(error).reason or str(error)
        return ""

    with ThreadPoolExecutor(len(calls)) as pool:
        return Counter(pool.map(outcome, calls))


def test_of_fifty_callers_for_the_last_ten_pieces_ten_succeed(inventory: Inventory) -> None:
    inventory.adjust("lamp", 10)
    calls = [partial(inventory.reserve, f"r{number}", lamp=1) for number in range(50)]
    assert outcomes(calls) == {"": 10, "INSUFFICIENT_STOCK": 40}
    assert inventory.stock("lamp") == (10, 10)


def test_callers_who_name_their_lines_in_any_order_do_not_block_each_other(inventory: Inventory) -> None:
    inventory.adjust("lamp", 40)
    inventory.adjust("rug", 40)
    calls = [partial(inventory.reserve, f"a{number}", lamp=1, rug=1) for number in range(20)]
    calls += [partial(inventory.reserve, f"b{number}", rug=1, lamp=1) for number in range(20)]
    assert outcomes(calls) == {"": 40}


def test_twins_of_one_reservation_set_aside_once(inventory: Inventory) -> None:
    inventory.adjust("lamp", 10)
    assert outcomes([lambda: inventory.reserve("a", lamp=3)] * 10) == {"": 10}
    assert inventory.stock("lamp") == (10, 3)


def test_twins_of_one_request_id_adjust_once(inventory: Inventory) -> None:
    again = str(uuid4())
    assert outcomes([lambda: inventory.adjust("lamp", 3, request_id=again)] * 10) == {"": 10}
    assert inventory.stock("lamp") == (3, 0)


@pytest.mark.parametrize("before", [0, 5])
def test_adjusting_one_product_from_many_sides_adds_up(inventory: Inventory, before: int) -> None:
    if before:
        inventory.adjust("lamp", before)
    assert outcomes([lambda: inventory.adjust("lamp", 3)] * 40) == {"": 40}
    assert inventory.stock("lamp") == (before + 120, 0)


def test_a_commit_and_a_release_at_once_end_released_with_all_pieces_back(inventory: Inventory) -> None:
    inventory.adjust("lamp", 10)
    inventory.reserve("a", lamp=3)
    calls = [partial(inventory.commit, "a")] * 5 + [partial(inventory.release, "a")] * 5
    assert set(outcomes(calls)) <= {"", "RESERVATION_RELEASED"}
    assert inventory.stock("lamp") == (10, 0)


def test_a_reserve_and_a_release_at_once_hold_nothing_back(inventory: Inventory) -> None:
    inventory.adjust("lamp", 10)
    calls = [partial(inventory.reserve, "a", lamp=3)] * 5 + [partial(inventory.release, "a")] * 5
    assert set(outcomes(calls)) <= {"", "RESERVATION_RELEASED"}
    assert inventory.stock("lamp") == (10, 0)


def test_what_expires_under_many_callers_is_given_back_once(inventory: Inventory) -> None:
    inventory.adjust("lamp", 10)
    for number in range(5):
        inventory.reserve(f"old{number}", hold=60, lamp=2)
    inventory.clock.turn(60)
    calls = [partial(inventory.reserve, f"new{number}", lamp=1) for number in range(30)]
    assert outcomes(calls) == {"": 10, "INSUFFICIENT_STOCK": 20}
    assert inventory.stock("lamp") == (10, 10)
