"""The comparison sees what it should: what decides a behaviour and is changed is named with both values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy

import pytest
from envoy.config.route.v3.route_components_pb2 import Route
from envoy.extensions.filters.http.rbac.v3.rbac_pb2 import RBAC
from envoy.extensions.transport_sockets.tls.v3.tls_pb2 import UpstreamTlsContext
from souk_oracle.case import read_case
from souk_oracle.comparison import Difference, differences, judge
from souk_oracle.ours import ours
from souk_oracle.scene import scene
from souk_oracle.told import Told
from souk_oracle.trial import projected

HOST = "payment.shop.svc.cluster.local"
CLUSTER = f"outbound|8080||{HOST}"
ROUTE = f"outbound/{HOST}:8080/routes/0/route"


def changed(case: str, change: Callable[[Told], None]) -> list[Difference]:
    given = scene(read_case(case))
    told = deepcopy(ours(given))
    before = projected(told, given)
    change(told)
    after = projected(told, given)
    return list(differences({**before}, {**after}))  # type: ignore[dict-item]


def routes(told: Told) -> Iterator[Route]:
    """The first route of each way to call it, by name and by address."""
    for host in told.routes[f"{HOST}:8080"].virtual_hosts:
        if host.name.startswith(HOST):
            yield host.routes[0]


def test_another_weight() -> None:
    def change(told: Told) -> None:
        for each in routes(told):
            each.route.weighted_clusters.clusters[0].weight.value = 91

    assert changed("routes/weights", change) == [Difference(f"{ROUTE}/weighted_clusters/clusters/0/weight", "90", "91")]


def test_another_timeout() -> None:
    def change(told: Told) -> None:
        for each in routes(told):
            each.route.timeout.seconds = 7

    assert changed("routes/weights", change) == [Difference(f"{ROUTE}/timeout", '"0s"', '"7s"')]


def test_a_retry_less() -> None:
    def change(told: Told) -> None:
        for each in routes(told):
            each.route.retry_policy.num_retries.value = 1

    assert changed("routes/weights", change) == [Difference(f"{ROUTE}/retry_policy/num_retries", "2", "1")]


def test_another_identity_of_the_callee() -> None:
    def change(told: Told) -> None:
        socket = told.clusters[CLUSTER].transport_socket_matches[0].transport_socket
        context = UpstreamTlsContext()
        socket.typed_config.Unpack(context)
        names = context.common_tls_context.combined_validation_context.default_validation_context
        names.match_subject_alt_names[0].exact = "spiffe://cluster.local/ns/shop/sa/mallory"
        socket.typed_config.Pack(context)

    (found,) = changed("routes/weights", change)
    assert found.path.startswith(f"clusters/{CLUSTER}/transport_socket_matches/0/transport_socket/typed_config")
    assert found.path.endswith("match_subject_alt_names/0/exact")
    assert found.ours == '"spiffe://cluster.local/ns/shop/sa/mallory"'


def test_an_endpoint_that_is_not_encrypted_to() -> None:
    def change(told: Told) -> None:
        told.endpoints[CLUSTER].endpoints[0].lb_endpoints[0].ClearField("metadata")

    assert changed("routes/weights", change) == [Difference(f"endpoints/{CLUSTER}/0/tls", '"istio"', '""')]


def test_a_bound_that_is_gone() -> None:
    def change(told: Told) -> None:
        told.clusters[CLUSTER].circuit_breakers.thresholds[0].max_connections.value = 11

    assert changed("pools/limits", change) == [
        Difference(f"clusters/{CLUSTER}/circuit_breakers/thresholds/0/max_connections", "10", "11")
    ]


def test_another_timeout_of_those_who_call_by_address() -> None:
    def change(told: Told) -> None:
        first = next(each for each in told.routes[f"{HOST}:8080"].virtual_hosts if each.name.endswith("|address"))
        first.routes[0].route.timeout.seconds = 7

    (found,) = changed("routes/weights", change)
    assert found.path == f"outbound/{HOST}:8080/routes by address"


def test_a_rule_that_allows_somebody_else() -> None:
    def change(told: Told) -> None:
        config = told.filters["inbound|8080|||allow"].typed_config
        guard = RBAC()
        config.Unpack(guard)
        (policy,) = guard.rules.policies.values()
        del policy.principals[0].and_ids.ids[0].or_ids.ids[0]
        config.Pack(guard)

    paths = [each.path for each in changed("authorization/methods_and_paths", change)]
    assert paths
    assert all(
        each.startswith("inbound/8080/") and each.endswith("/principals/0/and_ids/ids/0/or_ids/ids") for each in paths
    )


def test_a_number_is_no_truth_value() -> None:
    assert list(differences({"a": 1}, {"a": True})) == [Difference("a", "1", "true")]


def test_an_allowed_difference_covers_what_is_below_it_and_nothing_else() -> None:
    found = [Difference("clusters/a/tls/sni", "1", "2"), Difference("clusters/a/tlsmode", "1", "2")]
    verdict = judge(found, {"clusters/*/tls": "no matter"})
    assert [each.path for each in verdict.differences] == ["clusters/a/tlsmode"]
    assert verdict.needless == ()


def test_an_allowed_difference_that_is_not_there_is_needless() -> None:
    assert judge([], {"clusters": "no matter"}).needless == ("clusters",)


@pytest.mark.parametrize(("one", "other"), [([1, 2], [2, 1]), ([1], [1, 1]), ({"a": 1}, {})])
def test_order_length_and_presence_count(one: object, other: object) -> None:
    assert list(differences(one, other))  # type: ignore[arg-type]
