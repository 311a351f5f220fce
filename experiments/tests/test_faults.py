"""Runs on a real local mesh that are killed, hindered or overruled: the right outcome, and nothing left behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from souk_canary.verdict import Outcome
from tests.shop import Shop
from tests.tool import LASTING, Canary, command, processes, until

BEFORE = {"v1": 90, "v2": 10}


@pytest.fixture
def canary(shop: Shop, tmp_path: Path) -> Iterator[Canary]:
    canary = Canary(shop, tmp_path)
    yield canary
    shop.souk("split", "payment", *(f"{subset}={weight}" for subset, weight in BEFORE.items()))


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def proxy(shop: Shop, pod: str) -> int:
    """The Envoy of a pod."""
    (found,) = [
        pid for pid in processes("--config-path") if f"{shop.home}/" in command(pid) and f"/{pod}-" in command(pid)
    ]
    return found


def assert_nothing_is_left(canary: Canary, weights: Mapping[str, int]) -> None:
    assert canary.weights == weights
    assert not canary.is_held
    until(lambda: canary.guardians, lambda left: not left)
    assert "no experiment runs in souk" in canary.does("status")


def test_a_run_that_is_killed_is_undone_by_its_guardian(canary: Canary) -> None:
    with canary.run(LASTING) as tool:
        tool.says("every proxy routes so")
        assert canary.weights == {"v1": 70, "v2": 30}
        tool.process.kill()
        until(lambda: canary.weights, lambda weights: weights == BEFORE)
    assert_nothing_is_left(canary, BEFORE)


def test_a_run_that_is_killed_with_its_guardian_is_seen_to_be_dead_and_can_be_undone(canary: Canary) -> None:
    with canary.run(LASTING) as tool:
        tool.says("every proxy routes so")
        for guardian in canary.guardians:
            os.kill(guardian, signal.SIGKILL)
        tool.process.kill()
        tool.process.wait()
    assert canary.weights == {"v1": 70, "v2": 30}
    assert "is dead: `souk canary abort payment`" in canary.does("status")
    assert "VirtualService souk/payment: v1=90 v2=10" in canary.does("abort", "payment")
    assert_nothing_is_left(canary, BEFORE)


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_interrupted_puts_the_weights_back_itself(canary: Canary, kind: signal.Signals) -> None:
    with canary.run(LASTING) as tool:
        tool.says("every proxy routes so")
        tool.process.send_signal(kind)
        assert tool.ends() == Outcome.ABORTED.exit_code
    assert any(f"ABORTED: ended by {kind.name}" in line for line in tool.said)
    assert_nothing_is_left(canary, BEFORE)


def test_a_run_can_be_aborted_from_elsewhere(canary: Canary) -> None:
    with canary.run(LASTING) as tool:
        tool.says("every proxy routes so")
        canary.does("abort", "payment")
        assert tool.ends() == Outcome.ABORTED.exit_code
    assert_nothing_is_left(canary, BEFORE)


def test_weights_that_somebody_sets_meanwhile_stand(canary: Canary) -> None:
    with canary.run(LASTING) as tool:
        tool.says("every proxy routes so")
        canary.shop.souk("split", "payment", "v1=60", "v2=40")
        assert tool.ends() == Outcome.INVALID.exit_code
    assert_nothing_is_left(canary, {"v1": 60, "v2": 40})


def test_a_proxy_that_is_stuck_on_the_old_weights_makes_the_run_invalid(canary: Canary) -> None:
    with canary.run(LASTING.replace("20s", "3s")) as tool:
        with frozen(proxy(canary.shop, "order")):
            tool.says("INVALID: souk/order-")
        assert tool.ends() == Outcome.INVALID.exit_code
    assert not any("v1 failed" in line for line in tool.said), "a window was counted"
    assert_nothing_is_left(canary, BEFORE)


def test_a_mesh_that_does_not_answer_for_a_while_costs_windows_and_not_the_run(canary: Canary) -> None:
    with canary.run(LASTING) as tool:
        tool.says("v1 failed 0 of 0")
        with frozen(int(canary.shop.state.lock.read_text())):
            tool.says("nothing to see: the mesh of")
        tool.says("v1 failed 0 of 0")
        tool.process.send_signal(signal.SIGINT)
        assert tool.ends() == Outcome.ABORTED.exit_code
    assert_nothing_is_left(canary, BEFORE)


def test_a_run_does_not_begin_beside_another(canary: Canary) -> None:
    with canary.run(LASTING) as first:
        first.says("every proxy routes so")
        with canary.run(LASTING) as second:
            assert second.ends() == 1
        assert "experiments with payment" in "".join(second.said)
        assert canary.weights == {"v1": 70, "v2": 30}
        first.process.send_signal(signal.SIGINT)
        assert first.ends() == Outcome.ABORTED.exit_code
    assert_nothing_is_left(canary, BEFORE)
