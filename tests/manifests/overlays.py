"""What may be deployed, as stock kustomize builds it: overlays, and combinations that the documentation names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import yaml

from scripts import manifests


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

    @property
    def labels(self) -> Mapping[str, str]:
        return dict(self.body["metadata"].get("labels", {}))

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
    """Everything that one overlay or combination brings."""

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


@cache
def load(name: str) -> Overlay:
    """Builds and reads an overlay, once."""
    return read(name, manifests.overlay(name))


def combine(combination: manifests.Combination) -> Overlay:
    """Builds and reads a combination."""
    return read(combination.name, manifests.combined(combination))


def read(name: str, text: str) -> Overlay:
    """Reads what was built."""
    return Overlay(name, tuple(Manifest(document) for document in yaml.load_all(text, Loader=yaml.CSafeLoader)))
