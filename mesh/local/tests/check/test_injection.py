"""Who has a sidecar: here every pod, so what says otherwise is refused, and what says more is listed."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_check import SHOP, checked

from souk_mesh.overlays.loading import read
from souk_mesh.unenforced import ALWAYS_UNENFORCED, unenforced_reports

LABELS = "{labels: {app: payment, version: v1}}"
NAMESPACE = "{name: souk, labels: {istio-injection: enabled}}"


def annotated(text: str) -> str:
    assert LABELS in SHOP
    return SHOP.replace(LABELS, LABELS.replace("{labels", f"{{annotations: {{{text}}}, labels"))


def labelled(text: str) -> str:
    assert LABELS in SHOP
    return SHOP.replace(LABELS, LABELS.replace("version: v1", f"version: v1, {text}"))


def test_a_namespace_may_leave_it_to_its_pods_to_ask_for_sidecars(tmp_path: Path) -> None:
    plain = SHOP.replace(NAMESPACE, "{name: souk}")
    asking = plain.replace("labels: {app: ", 'labels: {sidecar.istio.io/inject: "true", app: ')
    assert checked(asking, tmp_path) == ()
    assert checked(plain.replace("{name: souk}", "{name: souk, labels: {istio.io/rev: stable}}"), tmp_path) == ()


def test_the_label_about_a_sidecar_comes_before_the_annotation(tmp_path: Path) -> None:
    both = annotated('sidecar.istio.io/inject: "false"').replace(
        "labels: {app: payment, ", 'labels: {sidecar.istio.io/inject: "true", app: payment, '
    )
    assert checked(both, tmp_path) == ()


@pytest.mark.parametrize("name", ["istio.io/use-waypoint", "istio.io/dataplane-mode"])
def test_a_pod_may_say_that_it_takes_no_part_in_an_ambient_mesh(name: str, tmp_path: Path) -> None:
    assert checked(labelled(f"{name}: none"), tmp_path) == ()


@pytest.mark.parametrize(
    ("text", "listed"),
    [
        (annotated("proxy.istio.io/config: 'concurrency: 2'"), ["annotations.proxy.istio.io/config"]),
        (annotated('sidecar.istio.io/proxyCPU: "2"'), ["annotations.sidecar.istio.io/proxyCPU"]),
        (labelled("topology.istio.io/subzone: a"), ["labels.topology.istio.io/subzone"]),
        (annotated('sidecar.istio.io/nativeSidecar: "true"'), []),
        (labelled('sidecar.istio.io/inject: "true"'), []),
    ],
)
def test_what_else_is_said_to_the_injector_is_listed_unless_it_is_so_here_too(text: str, listed: list[str]) -> None:
    reports = unenforced_reports(read(text)[0])
    metadata = "Deployment souk/payment-v1: spec.template.metadata"
    found = [each.subject for each in reports if each not in ALWAYS_UNENFORCED and "istio.io" in each.subject]
    assert found == [f"{metadata}.{each}" for each in listed]
