"""A VirtualService's split and a proxy's are compared in one form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from souk_canary.homes import Key
from souk_canary.homes.splits import described, held, wanted
from tests.homes.payment import stored

RULE = Key("VirtualService", "souk", "payment")


def test_a_proxy_that_has_the_weights_holds_what_is_wanted() -> None:
    assert held(_dump(_split(v1=90, v2=10), _split(v1=90, v2=10)), RULE) == [wanted(stored(90, 10))]


def test_a_proxy_with_other_weights_does_not() -> None:
    assert held(_dump(_split(v1=100, v2=0)), RULE) != [wanted(stored(90, 10))]


def test_weights_count_by_their_share() -> None:
    assert held(_dump(_split(v1=9, v2=1)), RULE) == [wanted(stored(90, 10))]


def test_a_version_without_a_share_may_be_left_out_of_the_route() -> None:
    only = {"cluster": "outbound|50051|v1|payment.souk.svc.cluster.local"}
    assert held(_dump(only), RULE) == [wanted(stored(100, 0))]


def test_each_route_table_counts_by_itself() -> None:
    dump = {"configs": [*_dump(_split(v1=90, v2=10))["configs"], *_dump(_split(v1=50, v2=50))["configs"]]}
    assert held(dump, RULE) == [wanted(stored(90, 10)), wanted(stored(50, 50))]


def test_a_table_that_is_half_old_is_not_what_is_wanted() -> None:
    assert held(_dump(_split(v1=90, v2=10), _split(v1=50, v2=50)), RULE) != [wanted(stored(90, 10))]


def test_routes_of_other_rules_say_nothing() -> None:
    assert held(_dump(_split(v1=90, v2=10), rule="order"), RULE) == []
    assert held(_dump(_split(v1=90, v2=10), namespace="staging"), RULE) == []


def test_a_proxy_without_routes_is_no_caller() -> None:
    assert held({}, RULE) == []


def test_a_split_is_described_by_shares() -> None:
    assert described(wanted(stored(90, 10))) == "v1=90% v2=10%"


def _split(**weights: int) -> Mapping[str, Any]:
    clusters = [
        {"name": f"outbound|50051|{subset}|payment.souk.svc.cluster.local", "weight": weight}
        for subset, weight in weights.items()
    ]
    return {"weighted_clusters": {"clusters": clusters}}


def _dump(*actions: Mapping[str, Any], rule: str = "payment", namespace: str = "souk") -> dict[str, Any]:
    """As Envoy's admin interface prints the routes that istiod sent."""
    origin = f"/apis/networking.istio.io/v1/namespaces/{namespace}/virtual-service/{rule}"
    routes = [{"route": action, "metadata": {"filter_metadata": {"istio": {"config": origin}}}} for action in actions]
    unrelated = {"route": {"cluster": "outbound|50051||cart.souk.svc.cluster.local"}}
    hosts = [{"name": "payment", "routes": routes}, {"name": "cart", "routes": [unrelated]}]
    return {"configs": [{"route_config": {"name": "50051", "virtual_hosts": hosts}}]}
