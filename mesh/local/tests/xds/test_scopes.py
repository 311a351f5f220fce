"""Which pods see the mesh alike: by namespace, by Sidecar, and by the labels that DestinationRules ask for."""

from __future__ import annotations

from typing import TypeVar

import pytest
import yaml

from souk_mesh.objects import DestinationRule, ObjectKey, Sidecar, parse
from souk_mesh.topology import Pod, PodAddresses, Proxy
from souk_mesh.xds.scopes import Scope, scopes

Parsed = TypeVar("Parsed", Sidecar, DestinationRule)
EVERYTHING = "egress: [{hosts: ['*/*']}]"


def pod(namespace: str = "shop", proxy: Proxy = Proxy.SIDECAR, **labels: str) -> Pod:
    return Pod(
        namespace=namespace,
        name="a-1",
        service_account="a",
        labels=labels,
        addresses=PodAddresses("127.9.1.1", "127.9.1.2", {}),
        ports=(),
        proxy=proxy,
        ready=True,
        exposed={},
    )


def parsed(kind: type[Parsed], name: str, spec: str, namespace: str = "shop") -> Parsed:
    metadata = {"name": name, "namespace": namespace}
    document = {"apiVersion": "networking.istio.io/v1", "kind": kind.__name__, "metadata": metadata}
    found = parse(document | {"spec": yaml.safe_load(f"{{{spec}}}")})
    assert isinstance(found, kind)
    return found


def sidecar(name: str, selector: str = "", namespace: str = "shop") -> Sidecar:
    chosen = f"workloadSelector: {{labels: {selector}}}, " if selector else ""
    return parsed(Sidecar, name, f"{chosen}{EVERYTHING}", namespace)


def scope(asking: Pod, *sidecars: Sidecar, rules: tuple[DestinationRule, ...] = ()) -> Scope:
    return scopes([asking], sidecars, rules)[asking.node]


SIDECARS = (
    sidecar("whole"),
    sidecar("own", "{app: a, tier: front}"),
    sidecar("root", namespace="istio-system"),
    sidecar("chosen", "{app: b}", namespace="istio-system"),
)


@pytest.mark.parametrize(
    ("asking", "chosen"),
    [
        (pod(app="a", tier="front"), "shop/own"),
        (pod(app="a"), "shop/whole"),
        (pod("other", app="a"), "istio-system/root"),
        (pod("other", app="b"), "istio-system/root"),
        (pod("istio-system", app="b"), "istio-system/chosen"),
    ],
)
def test_a_sidecar_that_chooses_pods_comes_before_that_of_the_namespace_and_that_of_the_mesh_is_last(
    asking: Pod, chosen: str
) -> None:
    namespace, _, name = chosen.partition("/")
    assert scope(asking, *SIDECARS).sidecar == ObjectKey("Sidecar", namespace, name)


def test_without_a_sidecar_a_namespace_is_a_scope() -> None:
    assert scope(pod(app="a")) == Scope("shop", False, None, ())
    _, own, _, chosen = SIDECARS
    assert scope(pod(app="a"), own, chosen) == Scope("shop", False, None, ())


def test_gateways_go_by_no_sidecar() -> None:
    assert scope(pod(proxy=Proxy.ROUTER, app="a", tier="front"), *SIDECARS) == Scope("shop", True, None, ())


def test_pods_are_told_apart_by_what_rules_of_their_namespace_ask_for() -> None:
    rules = (
        parsed(DestinationRule, "a", "host: a, workloadSelector: {matchLabels: {version: v1, app: a}}"),
        parsed(DestinationRule, "b", "host: b, workloadSelector: {matchLabels: {tier: front}}"),
        parsed(DestinationRule, "c", "host: c"),
        parsed(DestinationRule, "d", "host: d, workloadSelector: {matchLabels: {zone: a}}", "other"),
    )
    found = scope(pod(zone="a", tier="back", app="a"), rules=rules)
    assert found == Scope("shop", False, None, (("app", "a"), ("tier", "back")))
