"""A commit and the working tree, both served by a real mesh, and nothing left of it afterwards."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from souk_canary import routing
from souk_canary.homes import Home, Key
from souk_canary.homes.local import LocalMesh
from souk_canary.versions import VersionError, clear, side_by_side
from tests.shop import ROOT, Shop

RULE = Key("VirtualService", "souk", "catalog")
NOW, PAST = "does not exist", "was never sold here"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone whose newest commit differs from the working tree in what the catalog says of a missing product."""
    clone = tmp_path_factory.mktemp("clone") / "repository"
    _git(ROOT, "clone", "--quiet", "--shared", "--no-checkout", str(ROOT), str(clone))
    # What is not yet committed here belongs to the code under test.
    for name in _git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard").split("\n"):
        if (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, clone / name)
    shutil.copytree(ROOT / "protos/gen", clone / "protos/gen")
    domain = clone / "services/catalog/src/souk_catalog/domain.py"
    said = domain.read_text()
    assert NOW in said
    domain.write_text(said.replace(NOW, PAST))
    _git(clone, "add", "--all")
    _git(clone, "-c", "user.name=test", "-c", "user.email=test@example.org", "commit", "--quiet", "-m", "the past")
    return clone


def test_requests_go_to_a_commit_or_to_the_working_tree_as_the_split_says(shop: Shop, repository: Path) -> None:
    home = LocalMesh(shop.state)
    before = _objects(home)
    with side_by_side(shop.state, repository, service="catalog", baseline="HEAD", candidate="."):
        assert PAST in _answer(shop)
        _weigh(home, baseline=0, candidate=100)
        _until(lambda: NOW in _answer(shop))
    assert NOW in _answer(shop)
    assert _objects(home) == before


def test_what_a_run_that_died_has_left_is_taken_away_by_the_next(shop: Shop, repository: Path) -> None:
    home = LocalMesh(shop.state)
    before = _objects(home)
    # Held on to: a generator that nobody holds would be closed, and clean up after itself.
    dead = side_by_side(shop.state, repository, service="catalog", baseline="HEAD", candidate=".")
    dead.__enter__()
    assert _objects(home) != before
    clear(shop.state, "souk")
    assert _objects(home) == before


def test_a_version_that_is_none_is_refused_before_anything_is_changed(shop: Shop, repository: Path) -> None:
    home = LocalMesh(shop.state)
    before = _objects(home)
    with (
        pytest.raises(VersionError, match="nowhere is no commit, branch or tag"),
        side_by_side(shop.state, repository, service="catalog", baseline="nowhere", candidate="."),
    ):
        pass
    assert _objects(home) == before


def _objects(home: Home) -> object:
    """What there is, but for the versions of the store."""
    kinds = ("Deployment", "DestinationRule", "VirtualService")
    return {str(routing.key(each)): each["spec"] for kind in kinds for each in home.list(kind, "souk")}


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


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout
