"""A commit and the working tree, both served by a real mesh, and nothing left of it afterwards."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from souk_canary import routing
from souk_canary.homes import Home, Key
from souk_canary.homes.local import LocalMesh
from souk_canary.versions import VersionError, clear, pair, side_by_side
from tests.shop import Shop
from tests.versions.past import NOW, PAST, objects_of

RULE = Key("VirtualService", "souk", "catalog")


def test_requests_go_to_a_commit_or_to_the_working_tree_as_the_split_says(shop: Shop, repository: Path) -> None:
    home = LocalMesh(shop.state)
    before = objects_of(home)
    with side_by_side(shop.state, repository, service="catalog", baseline="HEAD", candidate="."):
        assert PAST in _answer(shop)
        _weigh(home, baseline=0, candidate=100)
        _until(lambda: NOW in _answer(shop))
    assert NOW in _answer(shop)
    assert objects_of(home) == before


def test_versions_that_a_living_run_needs_are_nobody_elses_to_take_away(
    shop: Shop, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pair, "FREE_WITHIN", 0.1)
    home = LocalMesh(shop.state)
    with side_by_side(shop.state, repository, service="catalog", baseline="HEAD", candidate="."):
        there = objects_of(home)
        with pytest.raises(VersionError, match="another run has two versions side by side"):
            clear(shop.state, "souk")
        with (
            pytest.raises(VersionError, match="another run has two versions side by side"),
            side_by_side(shop.state, repository, service="payment", baseline="HEAD", candidate="."),
        ):
            pass
        assert objects_of(home) == there


def test_a_version_that_is_none_is_refused_before_anything_is_changed(shop: Shop, repository: Path) -> None:
    home = LocalMesh(shop.state)
    before = objects_of(home)
    with (
        pytest.raises(VersionError, match="nowhere is no commit, branch or tag"),
        side_by_side(shop.state, repository, service="catalog", baseline="nowhere", candidate="."),
    ):
        pass
    assert objects_of(home) == before


def _weigh(home: Home, **weights: int) -> None:
    home.replace(routing.with_weights("catalog", home.read(RULE), weights))


def _answer(shop: Shop) -> str:
    """What is said of a product that there is not."""
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{shop.port}/v1/products/nothing", timeout=10)
    except urllib.error.HTTPError as error:
        return str(json.loads(error.read())["message"])
    raise AssertionError("there is such a product")


def _until(holds: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
