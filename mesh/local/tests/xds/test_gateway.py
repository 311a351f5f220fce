"""The edge of the mesh: a real Envoy as gateway."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace

import grpc
from shop import Run, Shop, ask, edge, free_port

OK = grpc.StatusCode.OK

CLOSED = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ingress, namespace: souk}
spec:
  hosts: [shop.example]
  gateways: [souk]
  http: [{route: [{destination: {host: payment, port: {number: 50051}}}]}]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: closed, namespace: souk}
spec:
  selector: {matchLabels: {app: ingress}}
  action: DENY
  rules: [{to: [{operation: {ports: ["8080"]}}]}]
"""


def test_what_comes_in_at_the_edge_reaches_the_service_under_the_gateways_identity(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        async with edge(shop) as channel:
            answer = await ask(
                channel, metadata=[("x-forwarded-client-cert", "URI=spiffe://cluster.local/ns/souk/sa/admin")]
            )
        assert answer.code is OK
        assert "sa/ingress" in answer.metadata["x-forwarded-client-cert"]
        assert "admin" not in answer.metadata["x-forwarded-client-cert"]

    run(steps())


def test_a_client_outside_has_no_say_in_timeouts(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        async def slowly(context: grpc.aio.ServicerContext[bytes, bytes]) -> None:
            await asyncio.sleep(0.1)

        for app in shop.apps.values():
            app.behaviour = slowly
        header = [("x-envoy-upstream-rq-timeout-ms", "1")]
        async with edge(shop) as channel:
            assert (await ask(channel, metadata=header)).code is OK

    run(steps())


def test_a_host_that_no_rule_is_bound_to_is_not_found(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        await shop.change("""
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata: {name: ingress, namespace: souk}
            spec:
              hosts: [shop.example]
              gateways: [souk]
              http: [{route: [{destination: {host: payment, port: {number: 50051}}}]}]
        """)
        async with edge(shop, "shop.example") as channel:
            assert (await ask(channel)).code is OK
        async with edge(shop, "other.example") as channel:
            assert (await ask(channel)).code is grpc.StatusCode.UNIMPLEMENTED  # 404

    run(steps())


def test_what_a_policy_denies_at_the_edge_never_learns_whether_there_is_a_route(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        await shop.change(CLOSED)
        for authority in ("shop.example", "other.example"):
            async with edge(shop, authority) as channel:
                assert (await ask(channel)).code is grpc.StatusCode.PERMISSION_DENIED

    run(steps())


def test_a_port_that_is_taken_is_told_in_envoys_words_and_another_can_be_chosen(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        ingress = shop.pod("ingress").node

        async def expose(port: int) -> dict[str, str | None]:
            shop.pods = [replace(pod, exposed={8080: port}) if pod.node == ingress else pod for pod in shop.pods]
            statuses = await shop.publisher.settled(5)
            return {node: status.refusal for node, status in statuses.items() if not status.current}

        with socket.socket() as squatter:
            squatter.bind(("127.0.0.1", 0))
            squatter.listen()
            refused = await expose(squatter.getsockname()[1])
        assert list(refused) == [ingress]
        assert "Address already in use" in (refused[ingress] or "")
        assert await expose(free_port()) == {}
        async with edge(shop) as channel:
            assert (await ask(channel)).code is OK

    run(steps())
