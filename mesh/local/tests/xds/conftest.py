from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
import shop as shops


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as running:
        yield running


@pytest.fixture(scope="module")
def whole_shop(runner: asyncio.Runner) -> Iterator[shops.Shop]:
    # Not pytest's own folder: a unix socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="souk-") as home:
        shop = shops.make(Path(home))
        try:
            runner.run(shop.start())
            yield shop
        finally:
            runner.run(shop.stop())


@pytest.fixture
def shop(whole_shop: shops.Shop) -> Iterator[shops.Shop]:
    """The shop; objects and applications are as they were after every test."""
    objects, pods = list(whole_shop.objects), list(whole_shop.pods)
    yield whole_shop
    whole_shop.objects, whole_shop.pods = objects, pods
    for app in whole_shop.apps.values():
        app.behaviour, app.calls = None, 0


@pytest.fixture
def run(runner: asyncio.Runner, shop: shops.Shop) -> shops.Run:
    """Runs the steps of a test in the shop's event loop, from a settled state and for half a minute at most."""

    async def bounded(steps: Coroutine[Any, Any, None]) -> None:
        await shop.settle()
        async with asyncio.timeout(30):
            await steps

    return lambda steps: runner.run(bounded(steps))
