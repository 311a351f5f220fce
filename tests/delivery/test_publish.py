"""What workflows do beside building: with a registry's program that only writes down, and a real git."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.mesh import ROOT

DIGEST = "sha256:" + "0123456789abcdef" * 4
DOCKER = """#!/bin/sh
echo "$@" >> {calls}
case "$1" in
manifest) exit {missing} ;;
inspect) printf 'elsewhere/order@{digest}\\nregistry.example/order@{digest}\\n\\n' ;;
esac
"""


def publish(folder: Path, missing: int) -> subprocess.CompletedProcess[str]:
    """Publishes souk/order:1.2.0."""
    program = folder / "docker"
    program.write_text(DOCKER.format(calls=folder / "calls", missing=missing, digest=DIGEST))
    program.chmod(0o755)
    return subprocess.run(
        [ROOT / "scripts/publish", "souk/order:1.2.0", "registry.example/order"],
        env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_image_is_pushed_under_its_version_and_told_by_its_digest(tmp_path: Path) -> None:
    done = publish(tmp_path, missing=1)
    assert (done.returncode, done.stdout) == (0, f"registry.example/order@{DIGEST}\n")
    assert "push --quiet registry.example/order:1.2.0" in (tmp_path / "calls").read_text()


def test_a_version_that_was_published_is_never_replaced(tmp_path: Path) -> None:
    done = publish(tmp_path, missing=0)
    assert done.returncode == 1
    assert "registry.example/order:1.2.0 is there already" in done.stderr
    assert "push" not in (tmp_path / "calls").read_text()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone of a small repository that can be pushed to."""
    identity = ["-c", "user.name=t", "-c", "user.email=t@localhost"]
    origin, clone = tmp_path / "origin.git", tmp_path / "clone"
    for command in (
        ["git", "init", "-q", "--bare", "-b", "main", str(origin)],
        ["git", "clone", "-q", str(origin), str(clone)],
        ["git", "-C", str(clone), *identity, "commit", "-q", "--allow-empty", "-m", "first"],
        ["git", "-C", str(clone), "push", "-q", "origin", "HEAD:main"],
        ["git", "-C", str(clone), "config", "user.name", "t"],
        ["git", "-C", str(clone), "config", "user.email", "t@localhost"],
    ):
        subprocess.run(command, check=True, capture_output=True)
    (clone / "version").write_text("1.0.0")
    subprocess.run(["git", "add", "version"], cwd=clone, check=True)
    return clone


def test_a_change_is_proposed_on_a_branch_and_a_second_one_follows_it(clone: Path) -> None:
    for version in ("1.0.0", "1.1.0"):
        (clone / "version").write_text(version)
        subprocess.run([ROOT / "scripts/propose", "release/order-1", version], cwd=clone, check=True)
    log = ["git", "log", "--format=%s", "origin/main..origin/release/order-1"]
    said = subprocess.run(log, cwd=clone, check=True, capture_output=True, text=True).stdout.split()
    assert said == ["1.1.0", "1.0.0"]
