"""Services that pods call although their proxies must not know them: let through past all rules, or refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml
from envoy.config.route.v3.route_components_pb2 import VirtualHost
from google.protobuf import json_format

from souk_mesh.objects import Service, parse
from souk_mesh.topology import ServiceKey
from souk_mesh.xds.connections import Forwarding
from souk_mesh.xds.destinations import Callee, DestinationPolicy
from souk_mesh.xds.registry import Registry
from souk_mesh.xds.strangers import Strange, strange_forwarding, strange_hosts, strangers

PAYMENT, AUDIT = ServiceKey("shop", "payment"), ServiceKey("shop", "audit")
PASSED = "PassthroughCluster|50051||payment.shop.svc.cluster.local"


def service(name: str) -> Service:
    parsed = parse(
        yaml.safe_load(f"""
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: shop}}
spec: {{selector: {{app: {name}}}, ports: [{{name: grpc, port: 50051}}]}}
""")
    )
    assert isinstance(parsed, Service)
    return parsed


SERVICES = {PAYMENT: service("payment"), AUDIT: service("audit")}
CALLEES = {key: Callee(key, each, DestinationPolicy()) for key, each in SERVICES.items()}


def hosts(*, registry_only: bool) -> tuple[str, Any, Sequence[Any]]:
    """The name of the table, the virtual host by address, and those by name."""
    made = strange_hosts(Strange(PAYMENT, SERVICES[PAYMENT].spec.ports[0], "other", registry_only))
    return made.table, _shown(made.by_address), [_shown(each) for each in made.by_name]


def _shown(host: VirtualHost) -> dict[str, Any]:
    return json_format.MessageToDict(host)


def test_a_service_is_a_stranger_to_pods_that_call_it_and_cannot_name_it() -> None:
    registry = Registry(SERVICES, ())
    called = {PAYMENT, AUDIT, ServiceKey("shop", "nobody")}
    assert strangers(called, {}, registry, {}) == {key.host: each for key, each in CALLEES.items()}
    assert strangers(called, {PAYMENT.host: CALLEES[PAYMENT]}, registry, {}) == {AUDIT.host: CALLEES[AUDIT]}
    assert strangers((), {}, registry, {}) == {}


def test_requests_to_it_are_let_through_in_plain_text_and_name_it_as_the_application_did() -> None:
    through = {"cluster": PASSED, "timeout": "0s", "maxGrpcTimeout": "0s"}
    common = {"includeRequestAttemptCount": True}
    route = {"name": "allow_any", "match": {"prefix": "/"}}
    assert hosts(registry_only=False) == (
        "payment.shop.svc.cluster.local:50051",
        {
            "name": "allow_any|address",
            "routes": [route | {"route": through | {"hostRewriteLiteral": "payment.shop:50051"}}],
            **common,
        },
        [{"name": "allow_any", "domains": ["*"], "routes": [route | {"route": through}], **common}],
    )


def test_where_only_what_is_registered_may_be_called_requests_to_it_are_refused() -> None:
    routes = [{"name": "block_all", "match": {"prefix": "/"}, "directResponse": {"status": 502}}]
    common = {"routes": routes, "includeRequestAttemptCount": True}
    assert hosts(registry_only=True) == (
        "payment.shop.svc.cluster.local:50051",
        {"name": "block_all|address", **common},
        [{"name": "block_all", "domains": ["*"], **common}],
    )


def test_connections_to_it_are_let_through_or_lead_nowhere() -> None:
    port = SERVICES[PAYMENT].spec.ports[0]
    assert strange_forwarding(PAYMENT, port, registry_only=False) == Forwarding(PASSED)
    assert strange_forwarding(PAYMENT, port, registry_only=True) == Forwarding("BlackHoleCluster")
