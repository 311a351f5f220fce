"""The local mesh as a home, on a real mesh."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from souk_mesh.state import StateDir

from souk_canary import routing
from souk_canary.homes import Changed, Home, HomeError, Key, Unreachable
from souk_canary.homes.local import LocalMesh
from tests.shop import Shop

RULE = Key("VirtualService", "souk", "payment")


@pytest.fixture
def home(shop: Shop) -> Iterator[Home]:
    """The mesh; its split is as it was after each test."""
    home = LocalMesh(shop.state)
    before = routing.weights("payment", home.read(RULE))
    yield home
    home.replace(routing.with_weights("payment", home.read(RULE), before))


def test_weights_that_are_written_are_what_is_read(home: Home) -> None:
    written = home.replace(routing.with_weights("payment", home.read(RULE), {"v1": 75, "v2": 25}))
    assert written == home.read(RULE)
    assert routing.weights("payment", written) == {"v1": 75, "v2": 25}
    assert RULE in map(routing.key, home.list("VirtualService", "souk"))


def test_who_wrote_second_is_told_that_the_object_has_changed(home: Home) -> None:
    read = home.read(RULE)
    home.replace(routing.with_weights("payment", read, {"v1": 60, "v2": 40}))
    with pytest.raises(Changed, match="VirtualService souk/payment"):
        home.replace(routing.with_weights("payment", read, {"v1": 50, "v2": 50}))


def test_what_makes_no_sense_is_refused_and_not_taken_for_a_change(home: Home) -> None:
    with pytest.raises(HomeError, match='subset "v9"') as caught:
        home.replace(routing.with_weights("payment", home.read(RULE), {"v1": 50, "v9": 50}))
    assert not isinstance(caught.value, Changed | Unreachable)
    with pytest.raises(HomeError, match="there is no VirtualService souk/nothing"):
        home.read(Key("VirtualService", "souk", "nothing"))


def test_a_proxy_that_does_not_answer_has_not_confirmed(shop: Shop, home: Home) -> None:
    (order,) = [pod.name for pod in home.pods("souk", {"app.kubernetes.io/name": "order"})]
    with _frozen_proxy(shop, order):
        written = home.replace(routing.with_weights("payment", home.read(RULE), {"v1": 55, "v2": 45}))
        _until(lambda: home.confirmed(written) == (f"souk/{order}",))
    _until(lambda: not home.confirmed(written))


def test_pods_are_found_by_their_labels(home: Home) -> None:
    (first,) = home.pods("souk", {"app": "payment", "version": "v1"})
    assert (first.name.startswith("payment-v1-"), first.ready, first.restarts) == (True, True, 0)
    assert len(home.pods("souk", {"app": "payment"})) == 2
    assert home.pods("elsewhere", {"app": "payment"}) == ()


def test_a_mesh_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="does not answer"):
        LocalMesh(StateDir(tmp_path)).read(RULE)


@contextmanager
def _frozen_proxy(shop: Shop, pod: str) -> Iterator[None]:
    config = os.fsencode(shop.home / "pods/souk" / pod / "envoy.json")
    (proxy,) = [int(each.parent.name) for each in Path("/proc").glob("[0-9]*/cmdline") if config in _read(each)]
    os.kill(proxy, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(proxy, signal.SIGCONT)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:  # it has ended
        return b""


def _until(holds: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)
