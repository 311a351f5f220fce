"""Who may come in at all, with real Envoys at both ends."""

from __future__ import annotations

import asyncio
import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from shop import Run, Shop, ask
from shop_objects import with_v1

from souk_mesh.identity import Certificate, CertificateAuthority
from souk_mesh.xds import Configuration, View, resources

ORDER = "spiffe://cluster.local/ns/souk/sa/order"

FRESH_CONNECTIONS = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: payment, namespace: souk}
spec:
  host: payment
  trafficPolicy: {connectionPool: {http: {maxRequestsPerConnection: 5}}}
  subsets: [{name: v1, labels: {version: v1}}]
"""


def test_plain_text_is_reset(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        with pytest.raises(ConnectionResetError):
            await _say(shop, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        assert await shop.counter("payment-v1", "no_filter_chain_match") >= 1

    run(steps())


def test_plain_text_is_taken_where_the_mode_is_permissive_and_mutual_tls_goes_on(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        await shop.change("""
            apiVersion: security.istio.io/v1
            kind: PeerAuthentication
            metadata: {name: payment, namespace: souk}
            spec:
              selector: {matchLabels: {app: payment}}
              mtls: {mode: STRICT}
              portLevelMtls: {50051: {mode: PERMISSIVE}}
        """)
        async with grpc.aio.insecure_channel(f"{shop.pod('payment-v1').addresses.pod}:50051") as channel:
            plain = await ask(channel)
        # In plain text nobody has an identity, so no rule that asks for one lets it pass.
        assert plain.code is grpc.StatusCode.PERMISSION_DENIED
        assert ORDER in (await shop.call()).metadata["x-forwarded-client-cert"]

    run(steps())


def test_where_the_callee_takes_no_tls_callers_speak_plain_text_of_their_own_accord(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        await shop.change("""
            apiVersion: security.istio.io/v1
            kind: PeerAuthentication
            metadata: {name: default, namespace: souk}
            spec: {mtls: {mode: DISABLE}}
        """)
        shop.objects = [each for each in shop.objects if each.key.kind != "AuthorizationPolicy"]
        await shop.settle()
        async with asyncio.timeout(10):
            while "x-forwarded-client-cert" in (answer := await shop.call()).metadata:
                await asyncio.sleep(0.01)  # a connection that was open before
        assert answer.code is grpc.StatusCode.OK

    run(steps())


def test_a_caller_that_is_told_to_speak_plain_text_to_a_strict_callee_fails(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        await shop.change("""
            apiVersion: networking.istio.io/v1
            kind: DestinationRule
            metadata: {name: payment, namespace: souk}
            spec: {host: payment, trafficPolicy: {tls: {mode: DISABLE}}}
        """)
        assert (await shop.call()).code is grpc.StatusCode.UNAVAILABLE

    run(steps())


def test_a_certificate_of_the_mesh_is_taken(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        answer = await _say(shop, b"GET / HTTP/1.1\r\nhost: payment\r\n\r\n", shop.issue(ORDER))
        assert answer.startswith(b"HTTP/1.1 403")  # a GET is not what the policy allows, but the peer is known

    run(steps())


def test_a_certificate_of_another_authority_is_refused(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        before = await shop.counter("payment-v1", "ssl.fail_verify_error")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await _say(shop, b"GET / HTTP/1.1\r\n\r\n", CertificateAuthority.create().issue(ORDER))
        assert await shop.counter("payment-v1", "ssl.fail_verify_error") > before

    run(steps())


def test_an_identity_of_another_trust_domain_is_refused(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await _say(shop, b"GET / HTTP/1.1\r\n\r\n", shop.issue("spiffe://elsewhere/ns/souk/sa/order"))

    run(steps())


def test_a_callee_that_is_not_who_it_should_be_is_not_called(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        await shop.change(FRESH_CONNECTIONS)
        await shop.change(with_v1())
        pod = shop.pod("payment-v1")
        view = View(Configuration.of(shop.objects), tuple(shop.pods))
        impostor = shop.issue("spiffe://cluster.local/ns/souk/sa/impostor")
        shop.ads.publish(pod.node, resources(view, pod, impostor, shop.identities.roots))
        await shop.ads.acknowledged(5)
        async with asyncio.timeout(10):
            while (answer := await shop.call()).code is grpc.StatusCode.OK:  # on connections that are open still
                pass
        assert answer.code is grpc.StatusCode.UNAVAILABLE
        assert await shop.counter("order", "ssl.fail_verify_san") > 0

    run(steps())


def test_certificates_are_replaced_under_traffic_and_no_call_fails(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        await shop.change(FRESH_CONNECTIONS)
        codes: list[grpc.StatusCode] = []
        peers: set[str] = set()
        done = asyncio.Event()

        async def caller() -> None:
            async with grpc.aio.insecure_channel(shop.payment_of("order")) as channel:
                while not done.is_set():
                    answer = await ask(channel)
                    codes.append(answer.code)
                    peers.update(_hash(each) for each in [answer.metadata.get("x-forwarded-client-cert", "")])

        callers = [asyncio.create_task(caller()) for _ in range(4)]
        for round_ in range(10):
            due = shop.identities.renew(datetime.now(UTC) + timedelta(hours=1 + round_))
            assert ORDER in due
            await shop.settle()
            async with asyncio.timeout(5):
                before = len(codes)
                while len(codes) < before + 20:
                    await asyncio.sleep(0.005)
        done.set()
        await asyncio.gather(*callers)
        assert set(codes) == {grpc.StatusCode.OK}
        assert len(peers) >= 5

    run(steps())


def _hash(forwarded: str) -> str:
    return next((part for part in forwarded.split(";") if part.startswith("Hash=")), "")


async def _say(shop: Shop, text: bytes, certificate: Certificate | None = None) -> bytes:
    """Speaks to a pod's address without a proxy of one's own."""
    address = shop.pod("payment-v1").addresses.pod
    context = _context(certificate) if certificate else None
    reader, writer = await asyncio.open_connection(address, 50051, ssl=context)
    try:
        writer.write(text)
        await writer.drain()
        answer = await asyncio.wait_for(reader.read(4096), 5)
        if not answer:
            raise ConnectionResetError("closed without a word")
        return answer
    finally:
        writer.transport.abort()


def _context(certificate: Certificate) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(certificate.chain + certificate.key)
        context.load_cert_chain(file.name)
    return context
