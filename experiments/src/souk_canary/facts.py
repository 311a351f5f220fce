"""What a record says about where and between what an experiment was made."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from souk_canary.definition import Definition
from souk_canary.homes import Home, HomeError
from souk_canary.record import Version
from souk_canary.steering import Ground


def versions(home: Home, definition: Definition, ground: Ground) -> tuple[Version, Version]:
    """The baseline and the candidate, as they are deployed."""
    return (
        _version(home, definition.namespace, definition.baseline, ground),
        _version(home, definition.namespace, definition.candidate, ground),
    )


def environment(place: str, source: str) -> Mapping[str, str]:
    """What else a reader wants to know."""
    return {
        "place": place,
        "source": source,
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
        "tool": f"souk-canary {version('souk-canary')}, Python {platform.python_version()}",
    }


def _version(home: Home, namespace: str, subset: str, ground: Ground) -> Version:
    labels = ground.labels[subset]
    try:
        pods = len(home.pods(namespace, labels))
        templates = [_template(deployment) for deployment in home.list("Deployment", namespace)]
    except HomeError:
        pods, templates = 0, []  # the run is over, and its record is worth more than this
    images = [
        container["image"]
        for template in templates
        if labels.items() <= template["metadata"].get("labels", {}).items()
        for container in template["spec"]["containers"]
    ]
    return Version(subset=subset, labels=labels, images=tuple(images), pods=pods)


def _template(deployment: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = deployment["spec"]["template"]
    return found
