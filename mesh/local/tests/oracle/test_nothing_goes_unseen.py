"""Whatever is set in a message shows in the projection when it is changed, but for what is named here or as noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from google.protobuf.message import Message
from souk_oracle.case import read_case
from souk_oracle.ours import ours
from souk_oracle.projection.noise import NOISE
from souk_oracle.scene import Scene, scene
from souk_oracle.told import Told
from souk_oracle.trial import projected
from variants import variants

HOST = "payment.shop.svc.cluster.local"
NOISY = {f"{kind}.{field}" for kind, fields in NOISE.items() for field in fields}
NOTHING = Told({}, {}, {}, {})
NAMES = {
    "envoy.config.endpoint.v3.ClusterLoadAssignment.cluster_name",
    "envoy.config.listener.v3.Filter.name",
    "envoy.config.listener.v3.Listener.name",
    "envoy.config.listener.v3.ListenerFilter.name",
    "envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter.name",
}
"""What only other messages refer to, or says the same as the type of what it names."""
PLACE = {
    "envoy.config.core.v3.SocketAddress.address",
    "envoy.config.listener.v3.FilterChain.name",
    "envoy.config.listener.v3.FilterChainMatch.application_protocols",
    "envoy.config.listener.v3.Listener.enable_reuse_port",
    "envoy.config.listener.v3.Listener.listener_filters",
    "envoy.config.listener.v3.ListenerFilter.typed_config",
}
"""What each side must have otherwise: where a listener is bound, and by what it knows another sidecar's TLS."""


def unseen(given: Scene, told: Told, kind: str, name: str) -> set[str]:
    """The fields of one resource that can be changed without being noticed."""
    resources: Mapping[str, Message] = getattr(told, kind)
    before = projected(told, given)
    return {
        each.way[-1]
        for each in variants(resources[name])
        if not NOISY.intersection(each.way)
        and projected(replace(told, **{kind: {**resources, name: each.message}}), given) == before
    } - NAMES


def looked_at(case: str) -> tuple[Scene, Told]:
    given = scene(read_case(case))
    return given, ours(given)


@pytest.mark.parametrize(
    "case", ["pools/limits", "outliers/everything", "loadbalancing/ring", "loadbalancing/maglev", "tls/mutual"]
)
def test_of_a_cluster(case: str) -> None:
    given, told = looked_at(case)
    name = f"outbound|8080||{HOST}"
    assert unseen(given, replace(NOTHING, clusters={name: told.clusters[name]}), "clusters", name) == set()


def test_of_endpoints() -> None:
    given, told = looked_at("peerauthentication/callers_of_a_disabled_workload")
    name = f"outbound|8080||{HOST}"
    assert unseen(given, replace(NOTHING, endpoints={name: told.endpoints[name]}), "endpoints", name) == set()


@pytest.mark.parametrize(
    "case", ["matches/any_of_all_of", "retries/conditions_and_codes", "faults/delay", "routes/weights"]
)
def test_of_routes(case: str) -> None:
    given, told = looked_at(case)
    name = f"{HOST}:8080"
    listener = next(name for name in told.listeners if name.endswith(f"{HOST}:8080"))
    few = replace(NOTHING, routes={name: told.routes[name]}, listeners={listener: told.listeners[listener]})
    assert unseen(given, few, "routes", name) == set()


def test_of_guards() -> None:
    given, told = looked_at("authorization/methods_and_paths")
    name = "inbound|8080|||allow"
    listener = next(name for name in told.listeners if name.startswith("inbound|") and name.endswith(":8080"))
    few = replace(NOTHING, listeners={listener: told.listeners[listener]}, filters=told.filters)
    assert unseen(given, few, "filters", name) == set()


def test_of_an_entrance() -> None:
    given, told = looked_at("authorization_tcp/http_conditions")
    name = next(name for name in told.listeners if name.startswith("inbound|") and name.endswith(":9000"))
    few = replace(NOTHING, listeners={name: told.listeners[name]})
    assert unseen(given, few, "listeners", name) - PLACE == set()
