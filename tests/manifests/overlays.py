"""The overlays as stock kustomize builds them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from tests.mesh import ROOT

KUSTOMIZE = ROOT / ".souk/bin/kustomize"
DEPLOY = ROOT / "deploy/kustomize"
OVERLAYS = tuple(sorted(path.parent.name for path in DEPLOY.glob("overlays/*/kustomization.yaml")))


@dataclass(frozen=True)
class Manifest:
    """One object as it would be applied."""

    body: Mapping[str, Any]

    @property
    def api_version(self) -> str:
        return str(self.body["apiVersion"])

    @property
    def kind(self) -> str:
        return str(self.body["kind"])

    @property
    def name(self) -> str:
        return str(self.body["metadata"]["name"])

    @property
    def spec(self) -> Mapping[str, Any]:
        return dict(self.body.get("spec", {}))

    @property
    def is_istio(self) -> bool:
        return self.api_version.split("/")[0].endswith(".istio.io")

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Container:
    """A container, an init container too, and the Deployment whose pods have it."""

    deployment: Manifest
    body: Mapping[str, Any]

    @property
    def image(self) -> str:
        return str(self.body["image"])

    def __str__(self) -> str:
        return f"{self.deployment}: {self.body['name']}"


@dataclass(frozen=True)
class Overlay:
    """Everything that one overlay brings."""

    name: str
    manifests: tuple[Manifest, ...]

    def of(self, *kinds: str) -> Sequence[Manifest]:
        """The objects of some kinds."""
        return [manifest for manifest in self.manifests if manifest.kind in kinds]

    @cached_property
    def containers(self) -> Sequence[Container]:
        """Those of every pod."""
        return [
            Container(deployment, container)
            for deployment in self.of("Deployment")
            for container in (*pod(deployment).get("initContainers", ()), *pod(deployment)["containers"])
        ]

    def pods_behind(self, service: Manifest) -> Iterator[Manifest]:
        """The Deployments whose pods a Service selects."""
        wanted = service.spec["selector"].items()
        for deployment in self.of("Deployment"):
            if wanted <= deployment.spec["template"]["metadata"]["labels"].items():
                yield deployment


def pod(deployment: Manifest) -> Mapping[str, Any]:
    """The specification of a Deployment's pods."""
    return dict(deployment.spec["template"]["spec"])


def build(folder: Path) -> str:
    """What kustomize makes of a folder, with its load restrictor on.

    Raises:
        AssertionError: it refused; with what it said.
    """
    done = subprocess.run([KUSTOMIZE, "build", folder], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, f"kustomize build {folder}:\n{done.stderr}"
    assert not done.stderr, f"kustomize build {folder} warns:\n{done.stderr}"
    return done.stdout


def load(name: str) -> Overlay:
    """Builds and reads an overlay."""
    documents = yaml.load_all(build(DEPLOY / "overlays" / name), Loader=yaml.CSafeLoader)
    return Overlay(name, tuple(Manifest(document) for document in documents))
