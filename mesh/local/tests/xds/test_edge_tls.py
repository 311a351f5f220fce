"""TLS at the edge: a real Envoy as gateway, and clients that check who it is."""

from __future__ import annotations

import asyncio
import ssl
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import pytest
from edge_certificates import Authority, Pair, secret
from shop import Run, Shop, ask

WORLD = Authority("the outside world")
CLIENTS = Authority("the clients")
SHOP, OTHER = WORLD.issue("shop.example"), WORLD.issue("other.example")

ROUTE = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ingress, namespace: souk}
spec:
  hosts: ["*"]
  gateways: [tls]
  http: [{route: [{destination: {host: payment, port: {number: 50051}}}]}]
"""


def gateway(*servers: str) -> str:
    return "\n".join(
        [
            "apiVersion: networking.istio.io/v1",
            "kind: Gateway",
            "metadata: {name: tls, namespace: souk}",
            "spec:",
            "  selector: {app: ingress}",
            "  servers:",
            *(f"    - {{{server}}}" for server in servers),
        ]
    )


def https(tls: str, host: str = "shop.example", name: str = "https") -> str:
    return f"port: {{number: 8443, name: {name}, protocol: HTTPS}}, hosts: [{host}], tls: {{{tls}}}"


SIMPLE = https("mode: SIMPLE, credentialName: shop-tls")
MUTUAL = https("mode: MUTUAL, credentialName: shop-tls")


def documents(*texts: str) -> str:
    return "\n---\n".join(texts)


@asynccontextmanager
async def edge(shop: Shop, name: str = "shop.example", client: Pair | None = None) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to the gateway that asks for a name and believes only the outside world."""
    credentials = grpc.ssl_channel_credentials(
        WORLD.root, client.key if client else None, client.certificate if client else None
    )
    options = [("grpc.ssl_target_name_override", name), ("grpc.default_authority", name)]
    address = f"{shop.pod('ingress').addresses.pod}:8443"
    async with grpc.aio.secure_channel(address, credentials, options=options) as channel:
        yield channel


async def shown(shop: Shop, name: str) -> bytes:
    """The certificate that the gateway shows to who asks for a name, as DER."""
    _, writer = await _connect(shop, name)
    try:
        presented: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return presented
    finally:
        writer.close()


async def _connect(shop: Shop, name: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    trusting = ssl.create_default_context(cadata=WORLD.root.decode())
    host = shop.pod("ingress").addresses.pod
    return await asyncio.open_connection(host, 8443, ssl=trusting, server_hostname=name)


async def _status(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
    """The status of one request on an open connection, which stays open."""
    writer.write(b"GET / HTTP/1.1\r\nhost: shop.example\r\n\r\n")
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    await reader.readexactly(int(head.partition("content-length: ")[2].split()[0]))
    return int(head.split()[1])


def der(pair: Pair) -> bytes:
    return ssl.PEM_cert_to_DER_cert(pair.certificate.decode())


@pytest.mark.parametrize(
    "entries",
    [
        {"tls_crt": SHOP.certificate, "tls_key": SHOP.key},
        {"cert": SHOP.certificate, "key": SHOP.key},
    ],
)
def test_a_client_that_asks_for_the_servers_name_is_served(shop: Shop, run: Run, entries: dict[str, bytes]) -> None:
    async def steps() -> None:
        await shop.change(documents(gateway(SIMPLE), secret("shop-tls", **entries), ROUTE))
        async with edge(shop) as channel:
            answer = await ask(channel)
        assert answer.code is grpc.StatusCode.OK
        assert answer.metadata["x-forwarded-proto"] == "https"

    run(steps())


def test_a_client_that_asks_for_another_name_or_none_meets_no_server(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        await shop.change(
            documents(gateway(SIMPLE), secret("shop-tls", tls_crt=SHOP.certificate, tls_key=SHOP.key), ROUTE)
        )
        assert await shown(shop, "shop.example") == der(SHOP)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await shown(shop, "other.example")

    run(steps())


def test_servers_on_one_port_are_told_apart_by_the_name_that_is_asked_for(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        await shop.change(
            documents(
                gateway(SIMPLE, https("mode: SIMPLE, credentialName: other-tls", "other.example", "other")),
                secret("shop-tls", tls_crt=SHOP.certificate, tls_key=SHOP.key),
                secret("other-tls", tls_crt=OTHER.certificate, tls_key=OTHER.key),
                ROUTE,
            )
        )
        assert await shown(shop, "shop.example") == der(SHOP)
        assert await shown(shop, "other.example") == der(OTHER)

    run(steps())


@pytest.mark.parametrize("protocol", ["TCP", "TLS"])
def test_connections_go_where_tcp_routes_send_them(shop: Shop, run: Run, protocol: str) -> None:
    async def steps() -> None:
        tls = ", tls: {mode: SIMPLE, credentialName: shop-tls}" if protocol == "TLS" else ""
        await shop.change(
            documents(
                gateway(f"port: {{number: 8443, name: raw, protocol: {protocol}}}, hosts: [shop.example]{tls}"),
                secret("shop-tls", tls_crt=SHOP.certificate, tls_key=SHOP.key),
                ROUTE.partition("  http:")[0] + "  tcp: [{route: [{destination: {host: payment}}]}]",
            )
        )
        if protocol == "TLS":
            async with edge(shop) as channel:
                assert (await ask(channel)).code is grpc.StatusCode.OK
        else:
            async with grpc.aio.insecure_channel(f"{shop.pod('ingress').addresses.pod}:8443") as channel:
                assert (await ask(channel)).code is grpc.StatusCode.OK

    run(steps())


@pytest.mark.parametrize("authority", ["in the same Secret", "in a Secret of its own"])
def test_mutual_refuses_clients_without_a_certificate_and_those_of_somebody_else(
    shop: Shop, run: Run, authority: str
) -> None:
    async def steps() -> None:
        entries = {"tls_crt": SHOP.certificate, "tls_key": SHOP.key}
        if authority == "in the same Secret":
            secrets = [secret("shop-tls", **entries, ca_crt=CLIENTS.root)]
        else:
            secrets = [secret("shop-tls", **entries), secret("shop-tls-cacert", cacert=CLIENTS.root)]
        await shop.change(documents(gateway(MUTUAL), *secrets, ROUTE))
        async with edge(shop, client=CLIENTS.issue("caller")) as channel:
            answer = await ask(channel)
        assert answer.code is grpc.StatusCode.OK
        assert "DNS=caller" in answer.metadata["x-forwarded-client-cert"]
        for stranger in (None, WORLD.issue("caller")):
            async with edge(shop, client=stranger) as channel:
                assert (await ask(channel, timeout=3)).code is grpc.StatusCode.UNAVAILABLE
        shop.objects = [each for each in shop.objects if each.kind != "Secret"]

    run(steps())


@pytest.mark.parametrize(
    ("tls", "accepted", "refused"),
    [
        ("mode: OPTIONAL_MUTUAL, credentialName: shop-tls", (None, CLIENTS.issue("caller")), WORLD.issue("caller")),
        (
            "mode: MUTUAL, credentialName: shop-tls, subjectAltNames: [caller, other]",
            (CLIENTS.issue("caller"), CLIENTS.issue("other")),
            CLIENTS.issue("stranger"),
        ),
        (
            "mode: MUTUAL, credentialName: shop-tls, insecureSkipVerify: true",
            (CLIENTS.issue("caller"), WORLD.issue("caller")),
            None,
        ),
    ],
)
def test_a_server_says_which_certificates_of_clients_will_do(
    shop: Shop, run: Run, tls: str, accepted: tuple[Pair | None, ...], refused: Pair | None
) -> None:
    async def steps() -> None:
        entries = {"tls_crt": SHOP.certificate, "tls_key": SHOP.key, "ca_crt": CLIENTS.root}
        await shop.change(documents(gateway(https(tls)), secret("shop-tls", **entries), ROUTE))
        for client in accepted:
            async with edge(shop, client=client) as channel:
                assert (await ask(channel)).code is grpc.StatusCode.OK
        async with edge(shop, client=refused) as channel:
            assert (await ask(channel, timeout=3)).code is grpc.StatusCode.UNAVAILABLE

    run(steps())


def test_a_gateway_may_take_the_certificates_of_the_mesh(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        await shop.change(documents(gateway(https("mode: ISTIO_MUTUAL", "'*'")), ROUTE))
        trusting = ssl.create_default_context(cadata=shop.authority.roots.decode())
        trusting.check_hostname = False  # its name is an identity
        host = shop.pod("ingress").addresses.pod
        with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
            await _status(*await asyncio.open_connection(host, 8443, ssl=trusting))
        known = shop.issue("spiffe://cluster.local/ns/souk/sa/order")
        with tempfile.NamedTemporaryFile() as file:
            file.write(known.chain + known.key)
            file.flush()
            trusting.load_cert_chain(file.name)
        assert await _status(*await asyncio.open_connection(host, 8443, ssl=trusting)) == 403

    run(steps())


def test_a_changed_secret_is_shown_to_new_clients_and_breaks_no_connection(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        renewed = WORLD.issue("shop.example")
        await shop.change(
            documents(gateway(SIMPLE), secret("shop-tls", tls_crt=SHOP.certificate, tls_key=SHOP.key), ROUTE)
        )
        reader, writer = await _connect(shop, "shop.example")
        assert await _status(reader, writer) == 403  # nobody may GET, but somebody answers
        await shop.change(secret("shop-tls", tls_crt=renewed.certificate, tls_key=renewed.key))
        assert await _status(reader, writer) == 403
        writer.close()
        assert await shown(shop, "shop.example") == der(renewed)

    run(steps())


def test_without_its_secret_connections_fail_until_it_is_there(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        await shop.change(documents(gateway(https("mode: SIMPLE, credentialName: late", "late.example")), ROUTE))
        with pytest.raises((ssl.SSLError, ConnectionError, OSError)):
            await shown(shop, "late.example")
        late = WORLD.issue("late.example")
        await shop.change(secret("late", tls_crt=late.certificate, tls_key=late.key))
        assert await _eventually_shown(shop, "late.example") == der(late)

    run(steps())


async def _eventually_shown(shop: Shop, name: str) -> bytes:
    async with asyncio.timeout(20):
        while True:
            try:
                return await shown(shop, name)
            except OSError:
                # The listener opens when its certificate has come, or Envoy no longer waits for one.
                await asyncio.sleep(0.05)


def test_plain_text_is_redirected_to_tls(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        plain = "port: {number: 8080, name: http, protocol: HTTP}, hosts: [shop.example], tls: {httpsRedirect: true}"
        await shop.change(
            documents(gateway(plain, SIMPLE), secret("shop-tls", tls_crt=SHOP.certificate, tls_key=SHOP.key), ROUTE)
        )
        shop.objects = [each for each in shop.objects if each.metadata.name != "souk" or each.kind != "Gateway"]
        await shop.settle()
        reader, writer = await asyncio.open_connection(shop.pod("ingress").addresses.pod, 8080)
        writer.write(b"GET /v1/orders?page=2 HTTP/1.1\r\nhost: shop.example\r\nconnection: close\r\n\r\n")
        answer = (await reader.read()).decode()
        writer.close()
        assert answer.startswith("HTTP/1.1 301 ")
        assert "location: https://shop.example/v1/orders?page=2\r\n" in answer

    run(steps())


def test_an_old_version_of_tls_is_refused(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        newest = https("mode: SIMPLE, credentialName: shop-tls, minProtocolVersion: TLSV1_3")
        await shop.change(
            documents(gateway(newest), secret("shop-tls", tls_crt=SHOP.certificate, tls_key=SHOP.key), ROUTE)
        )
        assert await shown(shop, "shop.example") == der(SHOP)
        older = ssl.create_default_context(cadata=WORLD.root.decode())
        older.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection(
                shop.pod("ingress").addresses.pod, 8443, ssl=older, server_hostname="shop.example"
            )

    run(steps())
