"""The VirtualService of payments, as an API server stores it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
MANIFEST = ROOT / "mesh/istio/traffic/payment.yaml"
SERVICE = ROOT / "deploy/kustomize/base/payment/service.yaml"


def stored(v1: int = 90, v2: int = 10) -> dict[str, Any]:
    """The one that ships, with what the server adds and these weights."""
    rule = next(each for each in yaml.safe_load_all(MANIFEST.read_text()) if each["kind"] == "VirtualService")
    rule["metadata"] |= {
        "namespace": "souk",
        "resourceVersion": "1207",
        "generation": 3,
        "uid": "2c1b",
        "annotations": {"team": "payments"},
    }
    return weighted(rule, v1, v2)


def weighted(rule: dict[str, Any], v1: int, v2: int) -> dict[str, Any]:
    """The same with other weights."""
    changed = copy.deepcopy(rule)
    for each, weight in zip(changed["spec"]["http"][0]["route"], (v1, v2), strict=True):
        each["weight"] = weight
    return changed
