"""What versions of the code are compared in tests, and what a mesh has of them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from souk_canary import routing
from souk_canary.homes import Home
from tests.shop import ROOT

NOW, PAST = "does not exist", "was never sold here"
"""What the catalog says of a missing product."""


def with_a_past(clone: Path) -> Path:
    """A clone whose newest commit differs from the working tree in what the catalog says of a missing product."""
    _git(ROOT, "clone", "--quiet", "--shared", "--no-checkout", str(ROOT), str(clone))
    # What is not yet committed here belongs to the code under test.
    for name in _git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard").split("\n"):
        if (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, clone / name)
    shutil.copytree(ROOT / "protos/gen", clone / "protos/gen")
    # The working tree's environments are the clone's too, but the copies of commits are its own.
    (clone / ".souk").mkdir()
    for made in (ROOT / ".souk").iterdir():
        if made.name != "versions":
            (clone / ".souk" / made.name).symlink_to(made)
    domain = clone / "services/catalog/src/souk_catalog/domain.py"
    said = domain.read_text()
    assert NOW in said
    domain.write_text(said.replace(NOW, PAST))
    _git(clone, "add", "--all")
    _git(clone, "-c", "user.name=test", "-c", "user.email=test@example.org", "commit", "--quiet", "-m", "the past")
    return clone


def objects_of(home: Home) -> dict[str, object]:
    """What there is, but for the versions of the store."""
    kinds = ("Deployment", "DestinationRule", "VirtualService")
    return {str(routing.key(each)): each["spec"] for kind in kinds for each in home.list(kind, "souk")}


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout
