"""One Prometheus for most tests, each with a service of its own; and one that a test may stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from tests.sources.prometheus.world import Pod, World, program

Begin = Callable[..., World]
_services = count()


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A Prometheus that scrapes two pods of the baseline, one of the candidate, and a caller."""
    _found()
    with World(tmp_path_factory.mktemp("prometheus"), pods()).running() as world:
        yield world


@pytest.fixture
def world(shared: World) -> World:
    """The same, where nothing has been counted yet."""
    shared.become(f"payment-{next(_services)}")
    return shared


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Starts a Prometheus that scrapes the given pods."""
    _found()
    with ExitStack() as stack:
        yield lambda *pods, **more: stack.enter_context(World(tmp_path, pods, **more).running())


@pytest.fixture
def v1(world: World) -> Pod:
    """A pod of the baseline."""
    return world.pod("payment-v1-a")


@pytest.fixture
def v2(world: World) -> Pod:
    """The pod of the candidate."""
    return world.pod("payment-v2-a")


@pytest.fixture
def order(world: World) -> Pod:
    """A caller."""
    return world.pod("order-a")


def pods() -> tuple[Pod, ...]:
    """Those of the shared Prometheus."""
    return (
        Pod("payment-v1-a", "payment", "v1"),
        Pod("payment-v1-b", "payment", "v1"),
        Pod("payment-v2-a", "payment", "v2"),
        Pod("order-a", "order", "v1"),
    )


def _found() -> None:
    if program() is None:
        pytest.skip("no Prometheus: name one by PROMETHEUS=/path/to/prometheus, or install your system's package")
