"""Every object of every overlay is what Kubernetes and Istio take, down to the last field."""

from __future__ import annotations

import pytest

from tests.manifests.overlays import DEPLOY, OVERLAYS, Manifest, Overlay, build
from tests.manifests.schemas import IstioSchemas, KubernetesSchemas
from tests.mesh import ROOT


def test_there_are_the_overlays_that_are_promised() -> None:
    assert {"local", "dev", "prod"} <= set(OVERLAYS)


def test_every_component_is_used_by_an_overlay_and_so_tried_by_these_tests() -> None:
    written = [path.read_text() for path in DEPLOY.rglob("kustomization.yaml")]
    components = [
        path.parent
        for folder in (DEPLOY / "components", ROOT / "mesh/istio")
        for path in folder.glob("*/kustomization.yaml")
    ]
    unused = [
        folder for folder in components if not any(f"{folder.parent.name}/{folder.name}\n" in text for text in written)
    ]
    assert components
    assert not unused


@pytest.mark.parametrize("name", OVERLAYS)
def test_building_an_overlay_twice_gives_the_same(name: str) -> None:
    assert build(DEPLOY / "overlays" / name) == build(DEPLOY / "overlays" / name)


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


def test_kubernetes_accepts_every_object_of_its_own(overlay: Overlay, kubernetes: KubernetesSchemas) -> None:
    manifests = [manifest for manifest in overlay.manifests if not manifest.is_istio]
    assert manifests
    assert not [problem for manifest in manifests for problem in kubernetes.problems(manifest)]


def test_istio_accepts_every_object_of_its_own(overlay: Overlay, istio: IstioSchemas) -> None:
    manifests = [manifest for manifest in overlay.manifests if manifest.is_istio]
    assert manifests
    assert not [problem for manifest in manifests for problem in istio.problems(manifest)]


def test_a_field_that_kubernetes_does_not_know_is_refused(kubernetes: KubernetesSchemas) -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": {"selectors": {}}}
    assert "selectors" in "".join(kubernetes.problems(Manifest(service)))


@pytest.mark.parametrize(
    ("route", "field"),
    [
        ({"retrys": {"attempts": 1}}, "retrys"),
        ({"retries": {"attempts": "three"}}, "attempts"),
        ({"route": [{"destination": {"host": "x", "subsets": "v1"}}]}, "subsets"),
    ],
)
def test_a_field_that_istio_does_not_know_or_take_is_refused(
    istio: IstioSchemas, route: dict[str, object], field: str
) -> None:
    body = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "x"},
        "spec": {"hosts": ["x"], "http": [route]},
    }
    assert field in "".join(istio.problems(Manifest(body)))
