"""The images that are built are those that the manifests name. The builder here only writes down how it was called."""

from __future__ import annotations

import os
import subprocess
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.manifests.overlays import Overlay, load
from tests.mesh import ROOT


@dataclass(frozen=True)
class Builder:
    """A builder that builds nothing."""

    program: Path
    calls: Path

    def images(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs scripts/images with this builder."""
        return subprocess.run(
            [ROOT / "scripts/images", *arguments],
            env={**os.environ, "IMAGE_BUILDER": f"{self.program} build"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=30,
            check=False,
        )

    @property
    def called(self) -> Sequence[str]:
        """How it was called."""
        return self.calls.read_text().splitlines()


@pytest.fixture
def builder(tmp_path: Path) -> Builder:
    """A builder that always succeeds."""
    builder = Builder(tmp_path / "builder", tmp_path / "calls")
    builder.program.write_text(f'#!/bin/sh\necho "$@" >> {builder.calls}\n')
    builder.program.chmod(0o755)
    return builder


@pytest.fixture(scope="module")
def dev() -> Overlay:
    """The overlay that goes to a cluster."""
    return load("dev")


def test_every_image_of_ours_in_the_dev_overlay_is_built_once_and_no_other(builder: Builder, dev: Overlay) -> None:
    done = builder.images()
    assert done.returncode == 0, done.stdout
    tags = [call.split("--tag ")[1].split()[0] for call in builder.called]
    assert sorted(tags) == sorted({each.image for each in dev.containers if each.image.startswith("souk/")})


def test_one_service_is_built_under_each_of_its_tags(builder: Builder) -> None:
    assert builder.images("payment").returncode == 0
    assert len(builder.called) == 2
    assert all("--build-arg SERVICE=payment" in call and call.endswith(" .") for call in builder.called)


def test_an_image_says_which_commit_of_which_repository_it_is(builder: Builder) -> None:
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert builder.images("order").returncode == 0
    (call,) = builder.called
    assert f"--build-arg REVISION={commit.strip()}" in call
    assert f"--build-arg SOURCE={project['urls']['source']} " in call


def test_a_service_that_is_not_deployed_is_refused_with_the_names_of_those_that_are(builder: Builder) -> None:
    done = builder.images("payments")
    assert done.returncode == 1
    assert "'payments'" in done.stdout
    assert "order, payment" in done.stdout
    assert not builder.calls.exists()


def test_a_build_that_fails_ends_it_and_is_named(builder: Builder) -> None:
    builder.program.write_text("#!/bin/sh\nexit 3\n")
    done = builder.images("order")
    assert done.returncode == 1
    assert "souk/order:1.0.0 was not built" in done.stdout
