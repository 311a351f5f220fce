"""Which servers a gateway's pod has: merged as istiod merges them."""

from __future__ import annotations

import pytest
import yaml

from souk_mesh.objects import Gateway, Service, parse
from souk_mesh.topology import ContainerPort, Pod, PodAddresses, Proxy
from souk_mesh.xds.gateway_servers import served

POD = Pod(
    namespace="shop",
    name="ingress-1",
    service_account="ingress",
    labels={"app": "ingress"},
    addresses=PodAddresses("127.9.1.1", "127.9.1.2", {}),
    ports=(ContainerPort("web", 8080),),
    proxy=Proxy.ROUTER,
    ready=True,
    exposed={},
)
FRONT = """
apiVersion: v1
kind: Service
metadata: {name: ingress, namespace: shop}
spec: {selector: {app: ingress}, ports: [{name: http, port: 8081, targetPort: web}]}
"""


def gateway(name: str, *servers: str, namespace: str = "shop", app: str = "ingress") -> Gateway:
    parsed = parse(
        yaml.safe_load(f"""
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {{name: {name}, namespace: {namespace}}}
spec: {{selector: {{app: {app}}}, servers: [{", ".join(f"{{{server}}}" for server in servers)}]}}
""")
    )
    assert isinstance(parsed, Gateway)
    return parsed


def server(protocol: str, port: int = 8443, host: str = "'*'", tls: str = "") -> str:
    settings = f", tls: {{{tls}}}" if tls else ""
    return f"port: {{number: {port}, name: {protocol.lower()}, protocol: {protocol}}}, hosts: [{host}]{settings}"


SIMPLE = "mode: SIMPLE, credentialName: shop"


def left(*gateways: Gateway) -> list[tuple[int, str, tuple[str, ...]]]:
    """Port, Gateway and hosts of what is left."""
    found = served(POD, gateways, ())
    return [(number, each.gateway, each.hosts) for number, servers in found.items() for each in servers]


def test_a_gateway_is_for_the_pods_of_all_namespaces_that_have_its_labels() -> None:
    assert left(gateway("a", server("HTTP"), namespace="far"), gateway("b", server("HTTP"), app="egress")) == [
        (8443, "far/a", ("*",))
    ]


@pytest.mark.parametrize(
    ("host", "settled"),
    [
        ("a.example", "a.example"),
        ("./a.example", "far/a.example"),
        ("shop/*", "shop/*"),
        ("'*/b.example'", "b.example"),
    ],
)
def test_a_host_may_be_kept_to_the_rules_of_one_namespace(host: str, settled: str) -> None:
    assert left(gateway("a", server("HTTP", host=host), namespace="far")) == [(8443, "far/a", (settled,))]


def test_plain_servers_of_one_port_share_a_table() -> None:
    found = served(POD, (gateway("a", server("HTTP")), gateway("b", server("GRPC"))), ())
    assert [each.table for each in found[8443]] == ["http.8443", "http.8443"]


def test_servers_with_tls_of_one_port_have_a_table_each() -> None:
    found = served(
        POD,
        (
            gateway("a", server("HTTPS", host="a.example", tls=SIMPLE)),
            gateway("b", server("HTTPS", host="b.example", tls=SIMPLE)),
        ),
        (),
    )
    assert [each.table for each in found[8443]] == ["https.8443.https.a.shop", "https.8443.https.b.shop"]


def test_of_two_servers_with_tls_for_one_host_the_older_stays() -> None:
    old = gateway("old", server("HTTPS", host="a.example", tls=SIMPLE))
    new = gateway("new", server("HTTPS", host="a.example", tls=SIMPLE))
    assert left(old, new) == [(8443, "shop/old", ("a.example",))]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (server("HTTP"), server("TCP")),
        (server("TCP"), server("HTTP")),
        (server("TCP"), server("TCP")),
        (server("HTTP"), server("HTTPS", tls=SIMPLE)),
    ],
)
def test_what_does_not_fit_beside_an_older_server_is_left_out(first: str, second: str) -> None:
    assert left(gateway("old", first), gateway("new", second)) == [(8443, "shop/old", ("*",))]


def test_a_pod_listens_where_the_service_in_front_of_it_leads() -> None:
    front = parse(yaml.safe_load(FRONT))
    assert isinstance(front, Service)
    assert list(served(POD, (gateway("a", server("HTTP", port=8081)),), (front,))) == [8080]
    assert list(served(POD, (gateway("a", server("HTTP", port=9090)),), (front,))) == [9090]


@pytest.mark.parametrize("plain", ["HTTP", "TCP"])
def test_plain_text_is_kept_beside_older_tls_and_no_tls_after_it(plain: str) -> None:
    older, younger = server("HTTPS", host="a.example", tls=SIMPLE), server("HTTPS", host="c.example", tls=SIMPLE)
    gateways = (gateway("a", older), gateway("b", server(plain)), gateway("c", younger))
    assert [name for _, name, _ in left(*gateways)] == ["shop/a", "shop/b"]
