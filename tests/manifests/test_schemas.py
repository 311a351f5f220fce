"""Every object of every overlay is what Kubernetes and Istio take, down to the last field."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from scripts import manifests
from tests.manifests.overlays import Manifest, Overlay
from tests.manifests.schemas import problems, problems_in


def test_there_are_the_overlays_that_are_promised() -> None:
    assert {"local", "dev", "prod", "prod-lab"} <= set(manifests.overlays())


def test_every_component_is_in_an_overlay_or_a_combination_and_so_tried_by_these_tests() -> None:
    written = [yaml.safe_load(path.read_text()) for path in manifests.DEPLOY.rglob("kustomization.yaml")]
    listed = {Path(folder).name for each in written for folder in each.get("components", ())}
    named = {name for each in manifests.combinations() for name in each.components}
    assert named
    assert not manifests.components().keys() - named - listed


def test_the_documentation_speaks_of_every_component_and_every_overlay() -> None:
    text = (manifests.DEPLOY / "README.md").read_text()
    by_base = {"security", "traffic", "egress", "gateway"}
    names = {*manifests.overlays(), *manifests.components()} - by_base
    assert not [name for name in names if f"`{name}`" not in text and f"mesh/istio/{name}`" not in text]


def test_a_component_that_is_not_there_is_named() -> None:
    with pytest.raises(manifests.Unbuildable, match="lightning"):
        manifests.combined(manifests.Combination("speed", ["postgres", "lightning"]))


@pytest.mark.parametrize("folder", manifests.components().values(), ids=lambda folder: folder.name)
def test_every_component_says_at_its_head_what_it_decides(folder: Path) -> None:
    assert re.match(r"# \S.{10,}", (folder / "kustomization.yaml").read_text())


@pytest.mark.parametrize("name", manifests.overlays())
def test_building_an_overlay_twice_gives_the_same(name: str) -> None:
    assert manifests.overlay(name) == manifests.overlay(name)


def test_no_object_is_there_twice(overlay: Overlay) -> None:
    keys = [(manifest.kind, manifest.name) for manifest in overlay.manifests]
    assert len(keys) == len(set(keys))


def test_everything_lands_in_the_shops_namespace(overlay: Overlay) -> None:
    elsewhere = [
        str(manifest)
        for manifest in overlay.manifests
        if manifest.kind != "Namespace" and manifest.body["metadata"].get("namespace") != "souk"
    ]
    assert not elsewhere


def test_kubernetes_istio_and_the_operators_accept_every_object_of_everything(tmp_path: Path) -> None:
    manifests.main(tmp_path)
    assert len(list(tmp_path.iterdir())) == len(manifests.overlays()) + len(manifests.combinations())
    assert not problems_in(tmp_path)


def test_a_field_that_kubernetes_does_not_know_is_refused() -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": {"selectors": {}}}
    assert "selectors" in "".join(problems([Manifest(service)]))


def test_a_kind_without_a_schema_is_refused() -> None:
    assert "Servce" in "".join(problems([Manifest({"apiVersion": "v1", "kind": "Servce", "metadata": {"name": "x"}})]))


@pytest.mark.parametrize(
    ("api_version", "kind", "spec", "field"),
    [
        ("cert-manager.io/v1", "Certificate", {"secretName": "x", "issuerRef": {"name": "x"}, "hosts": ["x"]}, "hosts"),
        ("external-secrets.io/v1", "ExternalSecret", {"refreshEvery": "1h"}, "refreshEvery"),
        ("postgresql.cnpg.io/v1", "Database", {"cluster": {"name": "x"}, "name": "x", "owners": "x"}, "owner"),
    ],
)
def test_a_field_that_an_operator_does_not_know_is_refused(
    api_version: str, kind: str, spec: dict[str, object], field: str
) -> None:
    body = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}, "spec": spec}
    assert field in "".join(problems([Manifest(body)]))


@pytest.mark.parametrize(
    ("route", "field"),
    [
        ({"retrys": {"attempts": 1}}, "retrys"),
        ({"retries": {"attempts": "three"}}, "attempts"),
        ({"route": [{"destination": {"host": "x", "subsets": "v1"}}]}, "subsets"),
    ],
)
def test_a_field_that_istio_does_not_know_or_take_is_refused(route: dict[str, object], field: str) -> None:
    body = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "x"},
        "spec": {"hosts": ["x"], "http": [route]},
    }
    assert field in "".join(problems([Manifest(body)]))
