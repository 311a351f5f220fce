"""Overlays that a measurement needs: the shipped base with another database, or with its traces exported."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from bench.processes import ROOT

_KUSTOMIZE = ROOT / "deploy/kustomize"


def sqlite(folder: Path, environment: Mapping[str, str]) -> Path:
    """What `overlays/local` has, and these variables in every service."""
    return _written(folder, [], "sqlite", environment)


def postgresql(folder: Path, environment: Mapping[str, str], databases: Mapping[str, str]) -> Path:
    """What `overlays/prod` takes from outside, these URLs by service, and these variables in every service."""
    secrets = [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": f"{service}-database"},
            "stringData": {"url": url},
        }
        for service, url in databases.items()
    ]
    return _written(folder, secrets, None, environment)


def with_services(folder: Path, more: int) -> Path:
    """What `overlays/local` has, and so many Services more before the pods of catalog."""
    services = [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": f"catalog-{number}"},
            "spec": {
                "selector": {"app.kubernetes.io/name": "catalog"},
                "ports": [{"name": "grpc", "port": 50051, "targetPort": "grpc"}],
            },
        }
        for number in range(1, more + 1)
    ]
    return _written(folder, services, "sqlite", {})


def _written(folder: Path, objects: Sequence[object], component: str | None, environment: Mapping[str, str]) -> Path:
    folder.mkdir(parents=True)
    here = os.path.relpath(_KUSTOMIZE, folder.resolve())
    additions = [
        {"op": "add", "path": "/spec/template/spec/containers/0/env/-", "value": {"name": name, "value": value}}
        for name, value in environment.items()
    ]
    target = {"kind": "Deployment", "labelSelector": "app.kubernetes.io/component=service"}
    kustomization: dict[str, object] = {
        "namespace": "souk",
        "resources": [f"{here}/base"],
    }
    if component:
        kustomization["components"] = [f"{here}/components/{component}"]
    if objects:
        (folder / "objects.yaml").write_text(yaml.safe_dump_all(objects))
        kustomization["resources"] = [f"{here}/base", "objects.yaml"]
    if additions:
        kustomization["patches"] = [{"target": target, "patch": yaml.safe_dump(additions)}]
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    return folder
