"""What GitOps tools have to be told, lest they put an experiment's weights back while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from souk_canary.homes import Document


def argo_cd(rule: Document) -> str:
    """For the Application that applies this VirtualService.

    Argo CD compares without the weights by `ignoreDifferences`, and leaves them alone in a sync by the option.
    https://argo-cd.readthedocs.io/en/stable/user-guide/diffing/ and …/sync-options/#respect-ignore-differences-configs
    """
    metadata = _mapping(rule["metadata"])
    ignored = {
        "group": "networking.istio.io",
        "kind": "VirtualService",
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "jqPathExpressions": [".spec.http[]?.route[]?.weight"],
    }
    return _written(
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "spec": {
                "ignoreDifferences": [ignored],
                "syncPolicy": {"syncOptions": ["RespectIgnoreDifferences=true"]},
            },
        }
    )


def flux(rule: Document) -> str:
    """For the Kustomization that applies this VirtualService; Flux 2.9 or newer.

    Its paths are JSON pointers, which know no wildcard: one for each weight that the object has.
    https://fluxcd.io/flux/components/kustomize/kustomizations/#ignore-rules
    """
    metadata = _mapping(rule["metadata"])
    paths = [
        f"/spec/http/{place}/route/{number}/weight"
        for place, route in enumerate(_mapping(rule["spec"]).get("http", ()))
        for number, destination in enumerate(route.get("route", ()))
        if "weight" in destination
    ]
    # Flux takes these as regular expressions over the whole name.
    target = {"kind": "VirtualService", "name": metadata["name"], "namespace": metadata["namespace"]}
    return _written(
        {
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
            "kind": "Kustomization",
            "spec": {"ignore": [{"paths": paths, "target": target}]},
        }
    )


def _written(document: Mapping[str, object]) -> str:
    return yaml.safe_dump(document, sort_keys=False)


def _mapping(value: object) -> Mapping[str, Any]:
    assert isinstance(value, Mapping), "an object's metadata and spec are mappings"
    return value
