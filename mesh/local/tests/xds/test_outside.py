"""Hosts that are no pods, and what a pod may know of the mesh, with real Envoys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import grpc
from edge_certificates import Authority, Pair, secret
from shop import PAYMENT, Answer, App, Run, Shop, ask, free_port

from souk_mesh.topology import Pod, ServiceKey

HOST = "api.example.com"
API = ServiceKey("souk", HOST)
PORT = free_port()
OK, UNAVAILABLE = grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE

ENTRY = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: api, namespace: souk}}
spec:
  hosts: [api.example.com]
  ports: [{{number: 50051, name: grpc, protocol: GRPC, targetPort: {port}}}]
  resolution: {resolution}
  endpoints: [{{address: {address}}}]
"""
ENCRYPTED = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: api, namespace: souk}
spec:
  host: api.example.com
  workloadSelector: {matchLabels: {app: order}}
  trafficPolicy: {tls: {mode: SIMPLE, credentialName: outside}}
"""
PERMISSIVE = """
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: souk}
spec: {mtls: {mode: PERMISSIVE}}
"""
ANYBODY = """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: payment, namespace: souk}
spec: {selector: {matchLabels: {app: payment}}, rules: [{}]}
"""
SIDECAR = """
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {{name: order, namespace: souk}}
spec: {{workloadSelector: {{labels: {{app: order}}}}, {spec}}}
"""


def test_a_host_outside_is_called_by_its_name_from_an_address_of_the_pods_own(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        async with _outside(shop) as address:
            await shop.change(ENTRY.format(port=PORT, resolution="STATIC", address=address))
            answer = await _call(shop)
        assert (answer.code, answer.said) == (OK, "outside")

    run(steps())


def test_a_host_may_be_found_by_dns(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        async with _outside(shop, at="127.0.0.1"):
            await shop.change(ENTRY.format(port=PORT, resolution="DNS", address="localhost"))
            assert (await _call(shop)).said == "outside"

    run(steps())


def test_calls_leave_encrypted_to_whom_the_secret_trusts_and_to_nobody_else(shop: Shop, run: Run) -> None:
    trusted, other = Authority("trusted"), Authority("other")

    async def steps() -> None:
        async with _outside(shop, trusted.issue("www.example.com")) as address:
            await shop.change(ENTRY.format(port=PORT, resolution="STATIC", address=address))
            await shop.change(f"{secret('outside', cacert=trusted.root)}---{ENCRYPTED}")
            assert (await _call(shop)).code is UNAVAILABLE, "the certificate is for another host"
        async with _outside(shop, trusted.issue(HOST)):
            await shop.change(secret("outside", cacert=other.root))
            assert (await _call(shop)).code is UNAVAILABLE, "the certificate is signed by somebody else"
            await shop.change(secret("outside", cacert=trusted.root))
            assert (await _call(shop)).said == "outside"
            stranger = await _call(shop, "stranger")
            assert stranger.code is UNAVAILABLE, "a pod that the rule does not select calls in plain text"

    run(steps())


def test_registry_only_answers_502_to_hosts_that_nobody_knows(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        await shop.change(SIDECAR.format(spec="outboundTrafficPolicy: {mode: REGISTRY_ONLY}"))
        assert (await shop.call()).code is OK
        reader, writer = await asyncio.open_connection(*shop.payment_of("order").split(":"))
        writer.write(b"GET / HTTP/1.1\r\nhost: nobody.example.com\r\nconnection: close\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 502")
        writer.close()

    run(steps())


def test_what_a_sidecar_hides_is_called_in_plain_text_or_not_at_all(shop: Shop, run: Run) -> None:
    hidden = 'egress: [{hosts: ["elsewhere/*"]}]'

    async def steps() -> None:
        shop.pods = [replace(pod, calls=frozenset({PAYMENT})) for pod in shop.pods]
        await shop.change(SIDECAR.format(spec=hidden))
        assert (await shop.call()).code is UNAVAILABLE, "the callee takes no plain text"
        await shop.change(f"{PERMISSIVE}---{ANYBODY}")
        answer = await shop.call()
        assert answer.code is OK
        assert "x-forwarded-client-cert" not in answer.metadata
        await shop.change(SIDECAR.format(spec=f"{hidden}, outboundTrafficPolicy: {{mode: REGISTRY_ONLY}}"))
        assert (await shop.call()).code is UNAVAILABLE
        await shop.change(SIDECAR.format(spec='egress: [{hosts: ["./*"]}]'))
        assert "x-forwarded-client-cert" in (await shop.call()).metadata

    run(steps())


def test_what_a_pods_yaml_does_not_name_has_no_listener_once_it_is_hidden(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        await shop.change(SIDECAR.format(spec='egress: [{hosts: ["elsewhere/*"]}]'))
        assert "outbound|" not in await shop.admin("order", "/listeners")

    run(steps())


async def _call(shop: Shop, caller: str = "order") -> Answer:
    async with grpc.aio.insecure_channel(f"{shop.pod(caller).addresses.virtual[API]}:50051") as channel:
        return await ask(channel)


@asynccontextmanager
async def _outside(shop: Shop, pair: Pair | None = None, at: str = "") -> AsyncIterator[str]:
    """Somebody who answers outside the mesh, and where."""
    shop.pods = [_reaching(pod) for pod in shop.pods]
    address, app = at or f"{shop.net}.200.1", App("outside")
    credentials = grpc.ssl_server_credentials([(pair.key, pair.certificate)]) if pair else None
    await app.start(f"{address}:{PORT}", credentials)
    assert app.server is not None
    try:
        yield address
    finally:
        await app.server.stop(0)


def _reaching(pod: Pod) -> Pod:
    """The same pod, with an address for the host."""
    own = f"{pod.addresses.pod.rpartition('.')[0]}.20"
    return replace(pod, addresses=replace(pod.addresses, virtual={**pod.addresses.virtual, API: own}))
