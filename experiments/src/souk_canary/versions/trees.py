"""Copies of the repository as it was at a commit, each with an environment from its own lock; kept for next time."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

WORKING_TREE = "."
VERSIONS = Path(".souk/versions")
READY = "ready"
"""Beside a tree: it is complete."""

# Of the tree's own scripts/environment: what its services run on, and what generates their stubs.
SERVICES = ("uv", "packages of the services")
STUBS = ("packages of tools and tests", "stubs")
PROTOS = ("protos/souk", "scripts/protos.py", "requirements.lock")
"""What stubs are made from."""


class VersionError(Exception):
    """A version can't be had or run; the text says why, and what to do."""


@dataclass(frozen=True)
class Tree:
    """The code of a version."""

    root: Path
    tag: str | None
    """Of the images that it is; None for the working tree, which every other image is."""

    @property
    def python(self) -> Path:
        """The interpreter of its services."""
        return self.root / ".souk/services-venv/bin/python"


def tree(repository: Path, version: str) -> Tree:
    """The code of a git reference, made ready to run if it is not yet; `.` is the working tree.

    Raises:
        VersionError: there is no such commit, or its environment can't be made.
    """
    if version == WORKING_TREE:
        return Tree(repository, None)
    commit = _commit(repository, version)
    place = repository / VERSIONS / commit
    place.mkdir(parents=True, exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = Tree(place / "tree", f"git-{commit[:12]}")
        if not (place / READY).exists():
            _make(repository, commit, made)
            (place / READY).touch()
    return made


def _commit(repository: Path, version: str) -> str:
    try:
        return _run(["git", "rev-parse", "--verify", "--quiet", f"{version}^{{commit}}"], repository).strip()
    except VersionError as error:
        raise VersionError(
            f"{version} is no commit, branch or tag of {repository}\n  `git branch -a` lists branches"
        ) from error


def _make(repository: Path, commit: str, made: Tree) -> None:
    # An export, no worktree of git's: it is nobody's to commit in, and needs no pruning.
    shutil.rmtree(made.root, ignore_errors=True)
    made.root.mkdir()
    archive = made.root.with_suffix(".tar")
    _run(["git", "archive", "--output", str(archive), commit], repository)
    _run(["tar", "-xf", str(archive), "-C", str(made.root)], repository)
    archive.unlink()
    _run(["scripts/environment", *SERVICES], made.root)
    if not made.python.exists():
        raise VersionError(
            f"{commit[:12]} has no environment for services that this tool knows\n  compare with a later commit"
        )
    if _same(repository, commit, PROTOS) and (repository / "protos/gen/souk").exists():
        shutil.copytree(repository / "protos/gen", made.root / "protos/gen", dirs_exist_ok=True)
    else:
        _run(["scripts/environment", *STUBS], made.root)


def _same(repository: Path, commit: str, paths: Sequence[str]) -> bool:
    """Whether these are in the working tree what they are in a commit."""
    changed = _run(["git", "diff", "--name-only", commit, "--", *paths], repository)
    new = _run(["git", "ls-files", "--others", "--exclude-standard", "--", *paths], repository)
    return not changed and not new


def _run(command: Sequence[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise VersionError(f"`{' '.join(command)}` failed in {folder}:\n{done.stdout}{done.stderr}")
    return done.stdout
