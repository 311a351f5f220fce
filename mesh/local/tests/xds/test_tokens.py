"""Whose tokens are believed, and what claims open, with real Envoys at both ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import grpc
import pytest
from issuers import Issuer, bearing, believing, rule, tampered
from shop import Run, Shop, ask, edge
from shop_objects import ROUTE_V1, documents

from souk_mesh.topology import ContainerPort, Pod

OK, UNAUTHENTICATED, DENIED = (
    grpc.StatusCode.OK,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.PERMISSION_DENIED,
)
SHOP = Issuer("https://shop.example")
PARTNER = Issuer("https://partner.example")
NAMESAKE = Issuer(SHOP.name)
"""Signs in the shop's name with another key."""


@pytest.mark.parametrize(
    ("token", "code"),
    [
        pytest.param(SHOP.token(aud="payment"), OK, id="valid"),
        pytest.param(SHOP.token(aud=["catalog", "payment"]), OK, id="valid, among others, for this audience"),
        pytest.param(SHOP.token(timedelta(minutes=-5), aud="payment"), UNAUTHENTICATED, id="expired"),
        pytest.param(SHOP.token(aud="catalog"), DENIED, id="valid, but for another audience"),
        pytest.param(PARTNER.token(aud="payment"), UNAUTHENTICATED, id="of another issuer"),
        pytest.param(NAMESAKE.token(aud="payment"), UNAUTHENTICATED, id="signed by another key"),
        pytest.param(tampered(SHOP.token(aud="payment")), UNAUTHENTICATED, id="tampered with"),
        pytest.param("no token", UNAUTHENTICATED, id="garbage"),
    ],
)
def test_only_a_valid_token_is_taken(shop: Shop, run: Run, token: str, code: grpc.StatusCode) -> None:
    async def steps() -> None:
        await shop.change(believing(rule(SHOP, "audiences: [payment]")))
        assert (await shop.call(metadata=bearing(token))).code is code

    run(steps())


def test_a_missing_token_passes_until_a_policy_asks_for_one(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        await shop.change(believing(rule(SHOP)))
        assert (await shop.call()).code is OK
        await shop.change(_allowing('from: [{source: {requestPrincipals: ["*"]}}]'))
        assert (await shop.call()).code is DENIED
        assert (await shop.call(metadata=bearing(SHOP.token()))).code is OK

    run(steps())


@pytest.mark.parametrize(
    ("condition", "claims"),
    [
        ("from: [{source: {requestPrincipals: [https://shop.example/ana]}}]", {"sub": "ana"}),
        ("when: [{key: 'request.auth.claims[role]', values: [clerk]}]", {"role": "clerk"}),
        ("when: [{key: 'request.auth.claims[role]', values: [clerk]}]", {"role": ["guest", "clerk"]}),
        ("when: [{key: 'request.auth.claims[shop][role]', values: [clerk]}]", {"shop": {"role": "clerk"}}),
        ("when: [{key: 'request.auth.claims[scope]', values: [pay]}]", {"scope": "read pay"}),
        ("when: [{key: request.auth.audiences, values: [payment]}]", {"aud": "payment"}),
        ("when: [{key: request.auth.presenter, values: [app]}]", {"azp": "app"}),
    ],
)
def test_a_claim_opens_what_asks_for_it_and_another_does_not(
    shop: Shop, run: Run, condition: str, claims: dict[str, object]
) -> None:
    async def steps() -> None:
        await shop.change(believing(rule(SHOP)))
        await shop.change(_allowing(condition))
        others = {**dict.fromkeys(claims, "other"), "sub": "somebody"}
        assert (await shop.call(metadata=bearing(SHOP.token(**claims)))).code is OK
        assert (await shop.call(metadata=bearing(SHOP.token(**others)))).code is DENIED

    run(steps())


def test_a_token_of_either_issuer_is_taken_and_one_of_neither_is_not(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        await shop.change(believing(rule(SHOP), rule(PARTNER)))
        assert (await shop.call(metadata=bearing(SHOP.token()))).code is OK
        assert (await shop.call(metadata=bearing(PARTNER.token()))).code is OK
        assert (await shop.call()).code is OK
        assert (await shop.call(metadata=bearing(Issuer("https://else.example").token()))).code is UNAUTHENTICATED

    run(steps())


def test_the_application_is_told_claims_in_headers_and_the_token_only_where_that_is_asked_for(
    shop: Shop, run: Run
) -> None:
    async def steps() -> None:
        claims = 'outputClaimToHeaders: [{header: x-user, claim: sub}, {header: x-role, claim: "shop.role"}]'
        metadata = [*bearing(token := SHOP.token(shop={"role": "clerk"})), ("x-user", "mallory")]
        await shop.change(believing(rule(SHOP, claims, "outputPayloadToHeader: x-payload")))
        answer = await shop.call(metadata=metadata)
        assert (answer.metadata["x-user"], answer.metadata["x-role"]) == ("ana", "clerk")
        assert answer.metadata["x-payload"].rstrip("=") == token.split(".")[1]
        assert "authorization" not in answer.metadata
        await shop.change(believing(rule(SHOP, "forwardOriginalToken: true")))
        assert (await shop.call(metadata=metadata)).metadata["authorization"] == f"Bearer {token}"

    run(steps())


def test_a_token_is_found_where_the_rule_says_and_nowhere_else(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        await shop.change(believing(rule(SHOP, "fromHeaders: [{name: x-token, prefix: 'Token '}]", "fromCookies: [t]")))
        await shop.change(_allowing('from: [{source: {requestPrincipals: ["*"]}}]'))
        token = SHOP.token()
        assert (await shop.call(metadata=[("x-token", f"Token {token}")])).code is OK
        assert (await shop.call(metadata=[("cookie", f"a=b; t={token}")])).code is OK
        assert (await shop.call(metadata=bearing(token))).code is DENIED

    run(steps())


def test_an_issuer_that_is_no_longer_believed_is_refused_on_a_connection_that_is_open(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        await shop.change(believing(rule(SHOP)))
        async with grpc.aio.insecure_channel(shop.payment_of("order")) as channel:
            assert (await ask(channel, metadata=bearing(SHOP.token()))).code is OK
            await shop.change(believing(rule(PARTNER)))
            assert (await ask(channel, metadata=bearing(SHOP.token()))).code is UNAUTHENTICATED

    run(steps())


def test_keys_are_fetched_through_the_mesh_under_the_identity_of_the_pod_that_needs_them(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        async with _identity(shop) as heard:
            uri = "http://identity.souk.svc.cluster.local:8080/keys"
            await shop.change(believing(f"{{issuer: {SHOP.name}, jwksUri: {uri}}}"))
            assert (await shop.call(metadata=bearing(SHOP.token()))).code is OK
            assert (await shop.call(metadata=bearing(NAMESAKE.token()))).code is UNAUTHENTICATED
        request = heard[0]
        assert request.startswith("GET /keys ")
        assert "spiffe://cluster.local/ns/souk/sa/payment" in request

    run(steps())


def test_a_token_can_not_be_checked_while_nobody_gives_out_the_keys(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        uri = "http://nobody.souk.svc.cluster.local:8080/keys"
        await shop.change(believing(f"{{issuer: {SHOP.name}, jwksUri: {uri}}}"))
        assert (await shop.call(metadata=bearing(SHOP.token()))).code is UNAUTHENTICATED
        assert (await shop.call()).code is OK

    run(steps())


def test_at_the_edge_a_claim_chooses_the_route(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        await shop.change(believing(rule(SHOP), app="ingress"))
        await shop.change(f"""
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: ingress, namespace: souk}}
spec:
  hosts: ["*"]
  gateways: [souk]
  http:
    - match: [{{headers: {{"@request.auth.claims[groups]": {{exact: testers}}}}}}]
      route: [{{destination: {{host: payment, subset: v2, port: {{number: 50051}}}}}}]
    - {{{ROUTE_V1.replace("subset: v1", "subset: v1, port: {number: 50051}")}}}
""")
        async with edge(shop) as channel:
            assert (await ask(channel, metadata=bearing(SHOP.token(groups=["testers"])))).said == "v2"
            assert (await ask(channel, metadata=bearing(SHOP.token(groups=["others"])))).said == "v1"
            assert (await ask(channel)).said == "v1"
            assert (await ask(channel, metadata=bearing(NAMESAKE.token()))).code is UNAUTHENTICATED

    run(steps())


def _allowing(conditions: str) -> str:
    return f"""
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: payment, namespace: souk}}
spec: {{selector: {{matchLabels: {{app: payment}}}}, rules: [{{{conditions}}}]}}
"""


SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: identity, namespace: souk}
spec: {selector: {app: identity}, ports: [{name: http, port: 8080}]}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: identity, namespace: souk}
spec:
  selector: {matchLabels: {app: identity}}
  rules: [{from: [{source: {principals: [cluster.local/ns/souk/sa/payment]}}]}]
"""


@asynccontextmanager
async def _identity(shop: Shop) -> AsyncIterator[list[str]]:
    """A pod that publishes the shop's keys; yields the requests that reach it."""
    heard: list[str] = []

    async def publish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append((await reader.readuntil(b"\r\n\r\n")).decode())
        body = SHOP.jwks.encode()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s" % (len(body), body))
        writer.close()

    pod = _pod(shop)
    server = await asyncio.start_server(publish, pod.addresses.application, 8080)
    shop.pods = [*shop.pods, pod]
    shop.objects = [*shop.objects, *documents(SERVICE)]
    shop.publisher.publish()
    await shop.start_proxy(pod)
    statuses = await shop.ads.acknowledged(20, [each.node for each in shop.pods])
    assert all(status.current for status in statuses.values()), (statuses, shop.logs())
    try:
        yield heard
    finally:
        process = shop.proxies.pop(pod.name)
        process.terminate()
        await process.wait()
        server.close()


def _pod(shop: Shop) -> Pod:
    like = shop.pod("payment-v1")
    return replace(
        like,
        name="identity",
        service_account="identity",
        labels={"app": "identity"},
        addresses=replace(like.addresses, pod=f"{shop.net}.6.1", application=f"{shop.net}.6.2", virtual={}),
        ports=(ContainerPort("http", 8080),),
    )
