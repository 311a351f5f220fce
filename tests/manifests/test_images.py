"""The images that are built are those that the manifests name. The builder here only writes down how it was called."""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest
import yaml

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
    assert f"--label org.opencontainers.image.revision={commit.strip()}" in call
    assert f"--label org.opencontainers.image.source={project['urls']['source']} " in call


def test_each_version_of_a_service_is_labelled_as_what_it_is_whatever_a_cache_holds(builder: Builder) -> None:
    assert builder.images("payment").returncode == 0
    for call in builder.called:
        tag = call.split("--tag souk/payment:")[1].split()[0]
        assert f"--label org.opencontainers.image.version={tag} " in call
        assert f"--build-arg VERSION={tag} " in call


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


def saved(folder: Path, *layers: bytes) -> Path:
    """An image as `docker save` writes it."""
    archive = folder / "image.tar"
    files = {f"blobs/sha256/{number}": layer for number, layer in enumerate(layers)}
    files["manifest.json"] = json.dumps([{"Config": "config", "RepoTags": [], "Layers": list(files)}]).encode()
    with tarfile.open(archive, "w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, BytesIO(content))
    return archive


def size(archive: Path) -> subprocess.CompletedProcess[str]:
    """What is said of it."""
    command = [ROOT / "scripts/image-size", archive]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_size_of_an_image_is_that_of_its_layers_in_a_registry(tmp_path: Path) -> None:
    done = size(saved(tmp_path, bytes(10_000_000), os.urandom(1_000_000)))
    assert done.returncode == 0, done.stderr
    assert done.stdout == "image.tar: 1.0 MB in layers of 0.0 MB, 1.0 MB\n"


def test_an_image_that_is_too_large_is_refused(tmp_path: Path) -> None:
    done = size(saved(tmp_path, os.urandom(60_000_000), os.urandom(60_000_000)))
    assert done.returncode == 1
    assert "error: image.tar is larger than 120.0 MB" in done.stderr


def test_no_workflow_keeps_an_image_whose_size_was_not_looked_at() -> None:
    steps = yaml.safe_load((ROOT / ".github/workflows/image.yml").read_text())["jobs"]["build"]["steps"]
    assert "scripts/image-size image.tar" in [step.get("run") for step in steps]
