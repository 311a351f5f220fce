"""What a record says about where and between what an experiment was made."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from souk_canary.definition import Definition
from souk_canary.homes import Home
from souk_canary.record import Version
from souk_canary.steering import Ground


@dataclass(frozen=True)
class Facts:
    """What else a reader of a record wants to know."""

    versions: tuple[Version, Version]
    environment: Mapping[str, str]


def gathered(home: Home, place: str, definition: Definition, ground: Ground) -> Facts:
    """What there is to know before the run."""
    return Facts(
        versions=(
            _version(home, definition.namespace, definition.baseline, ground),
            _version(home, definition.namespace, definition.candidate, ground),
        ),
        environment={
            "place": place,
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
            "tool": f"souk-canary {version('souk-canary')}, Python {platform.python_version()}",
        },
    )


def _version(home: Home, namespace: str, subset: str, ground: Ground) -> Version:
    labels = ground.labels[subset]
    templates = [_template(deployment) for deployment in home.list("Deployment", namespace)]
    images = [
        container["image"]
        for template in templates
        if labels.items() <= template["metadata"].get("labels", {}).items()
        for container in template["spec"]["containers"]
    ]
    return Version(subset=subset, labels=labels, images=tuple(images), pods=len(home.pods(namespace, labels)))


def _template(deployment: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = deployment["spec"]["template"]
    return found
