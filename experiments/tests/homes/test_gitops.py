"""What Argo CD and Flux are told, in the form that they document."""

from __future__ import annotations

from typing import Any

import yaml

from souk_canary.homes.gitops import argo_cd, flux
from tests.homes.payment import stored


def test_argo_cd_compares_and_syncs_without_the_weights() -> None:
    # https://argo-cd.readthedocs.io/en/stable/user-guide/diffing/#application-level-configuration
    spec = _spec(argo_cd(stored()), "argoproj.io/v1alpha1", "Application")
    assert spec == {
        "ignoreDifferences": [
            {
                "group": "networking.istio.io",
                "kind": "VirtualService",
                "name": "payment",
                "namespace": "souk",
                "jqPathExpressions": [".spec.http[]?.route[]?.weight"],
            }
        ],
        "syncPolicy": {"syncOptions": ["RespectIgnoreDifferences=true"]},
    }


def test_flux_is_told_each_weight_since_its_paths_know_no_wildcard() -> None:
    # https://fluxcd.io/flux/components/kustomize/kustomizations/#ignore-rules
    spec = _spec(flux(stored()), "kustomize.toolkit.fluxcd.io/v1", "Kustomization")
    assert spec == {
        "ignore": [
            {
                "paths": ["/spec/http/0/route/0/weight", "/spec/http/0/route/1/weight"],
                "target": {"kind": "VirtualService", "name": "payment", "namespace": "souk"},
            }
        ]
    }


def test_each_path_for_flux_leads_to_a_weight() -> None:
    rule = stored(90, 10)
    (ignored,) = yaml.safe_load(flux(rule))["spec"]["ignore"]
    assert [_at(rule, path) for path in ignored["paths"]] == [90, 10]


def _spec(text: str, version: str, kind: str) -> Any:  # noqa: ANN401 (YAML)
    document = yaml.safe_load(text)
    assert (document["apiVersion"], document["kind"]) == (version, kind)
    return document["spec"]


def _at(document: Any, pointer: str) -> object:  # noqa: ANN401 (YAML)
    for name in pointer.split("/")[1:]:
        document = document[int(name) if isinstance(document, list) else name]
    return document
