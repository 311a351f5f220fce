"""What rules see of a call, with real Envoys at both ends: the same as in a cluster, though all addresses are local."""

from __future__ import annotations

import grpc
import pytest
from shop import METHOD, OTHER_METHOD, Run, Shop, ask, edge

OK, DENIED = grpc.StatusCode.OK, grpc.StatusCode.PERMISSION_DENIED

POLICY = """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: {app}, namespace: souk}}
spec: {{selector: {{matchLabels: {{app: {app}}}}}, rules: [{{{rule}}}]}}
"""


def allowing(rule: str, app: str = "payment") -> str:
    """A policy of one rule, in flow style; what it does not allow is denied."""
    return POLICY.format(rule=rule, app=app)


def test_the_address_of_a_peer_is_that_of_its_pod(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        await shop.change(allowing(f"from: [{{source: {{ipBlocks: [{shop.pod('order').addresses.pod}]}}}}]"))
        assert (await shop.call("order")).code is OK
        assert (await shop.call("stranger")).code is DENIED

    run(steps())


def test_a_sidecar_believes_who_a_client_says_it_is_calling_for_and_the_edge_does_not(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        rule = "from: [{source: {remoteIpBlocks: [203.0.113.7]}}]"
        forwarded = [("x-forwarded-for", "203.0.113.7")]
        await shop.change(allowing(rule))
        assert (await shop.call(metadata=forwarded)).code is OK
        assert (await shop.call()).code is DENIED
        await shop.change(allowing("to: [{operation: {methods: [POST]}}]"))
        await shop.change(allowing(rule, app="ingress"))
        async with edge(shop) as channel:
            assert (await ask(channel, metadata=forwarded)).code is DENIED

    run(steps())


@pytest.mark.parametrize(
    ("rule", "true", "untrue"),
    [
        ('when: [{{key: destination.port, values: ["{}"]}}]', "50051", "8080"),
        ('when: [{{key: connection.sni, values: ["outbound_.50051_._.{}"]}}]', "payment*", "order*"),
        ('to: [{{operation: {{hosts: ["{}"]}}}}]', "PAYMENT:*", "ORDER:*"),
        ('to: [{{operation: {{paths: ["/{{*}}/{}"]}}}}]', "AuthorizePayment", "RefundPayment"),
        ("from: [{{source: {{serviceAccounts: [{}]}}}}]", "order", "stranger"),
        ("from: [{{source: {{trustDomains: [{}]}}}}]", "cluster.local", "cluster"),
        ('when: [{{key: "request.headers[x-a]", values: ["{}"]}}]', "b*", "*b"),
        ('when: [{{key: "request.headers[{}]", notValues: ["*"]}}]', "x-c", "x-a"),
    ],
)
def test_a_rule_is_asked_of_the_call_as_it_came(shop: Shop, run: Run, rule: str, true: str, untrue: str) -> None:
    async def steps() -> None:
        await shop.change(allowing(rule.format(true)))
        assert (await shop.call(metadata=[("x-a", "bc")])).code is OK
        await shop.change(allowing(rule.format(untrue)))
        assert (await shop.call(metadata=[("x-a", "bc")])).code is DENIED

    run(steps())


def test_the_address_that_is_called_is_the_pods(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        addresses = ", ".join(shop.pod(name).addresses.pod for name in ("payment-v1", "payment-v2"))
        await shop.change(allowing(f"when: [{{key: destination.ip, values: [{addresses}]}}]"))
        assert (await shop.call()).code is OK
        await shop.change(allowing(f"when: [{{key: destination.ip, notValues: [{addresses}]}}]"))
        assert (await shop.call()).code is DENIED

    run(steps())


def test_a_template_has_as_many_segments_as_it_says(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        await shop.change(allowing('to: [{operation: {paths: ["/{*}/AuthorizePayment", "/{*}"]}}]'))
        assert (await shop.call(method=METHOD)).code is OK
        assert (await shop.call(method=OTHER_METHOD)).code is DENIED
        await shop.change(allowing('to: [{operation: {paths: ["/{**}"]}}]'))
        assert (await shop.call(method=OTHER_METHOD)).code is OK

    run(steps())
