"""Proxies and the discovery server come and go, and other protocols than gRPC, with real Envoys."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import grpc
import pytest
from shop import PAYMENT, Run, Shop
from shop_objects import documents

from souk_mesh.topology import ContainerPort
from souk_mesh.xds import AdsError, AdsServer

OK = grpc.StatusCode.OK

PORTS = """
apiVersion: v1
kind: Service
metadata: {name: payment, namespace: souk}
spec:
  selector: {app: payment, version: v1}
  ports:
    - {name: grpc, port: 50051, targetPort: grpc}
    - {name: http-web, port: 8080, targetPort: 9080}
    - {name: tcp-line, port: 5432, targetPort: 5433}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: payment, namespace: souk}
spec:
  rules: [{from: [{source: {principals: [cluster.local/ns/souk/sa/order]}}]}]
"""


def test_a_proxy_that_was_killed_gets_everything_again(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        order = shop.pod("order")
        shop.proxies["order"].kill()
        await shop.proxies["order"].wait()
        async with asyncio.timeout(5):
            while shop.ads.status()[order.node].connected:
                await asyncio.sleep(0.005)
        await shop.start_proxy(order)
        assert (await shop.ads.acknowledged(10, [order.node]))[order.node].current
        assert (await shop.call()).code is OK

    run(steps())


def test_proxies_go_on_while_the_discovery_server_is_away_and_find_it_again(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        await shop.ads.stop()
        assert (await shop.call()).code is OK
        assert not any(status.connected for status in shop.ads.status().values())
        await shop.ads.start()
        statuses = await shop.ads.acknowledged(20, [pod.node for pod in shop.pods])
        assert all(status.current for status in statuses.values())

    run(steps())


def test_waiting_for_a_proxy_that_is_not_there_ends_in_time_and_says_so(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        ghost = replace(shop.pod("order"), name="ghost", ready=False)
        shop.pods = [*shop.pods, ghost]
        shop.publisher.publish()
        status = (await shop.ads.acknowledged(0.05, [ghost.node]))[ghost.node]
        assert (status.connected, status.current, status.published, status.acknowledged) == (False, False, 1, 0)
        shop.pods = shop.pods[:-1]
        shop.publisher.publish()
        assert ghost.node not in shop.ads.status()

    run(steps())


def test_a_publisher_takes_changes_together_and_keeps_proxies_up_to_date(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        order = shop.pod("order").node
        running = asyncio.create_task(shop.publisher.run())
        before = shop.ads.status()[order].published
        shop.objects += documents("""
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata: {name: payment, namespace: souk}
            spec: {hosts: [payment], http: [{route: [{destination: {host: payment}}], timeout: 5s}]}
        """)
        for _ in range(10):
            shop.publisher.changed()
        async with asyncio.timeout(5):
            while not ((status := shop.ads.status()[order]).current and status.published > before):
                await asyncio.sleep(0.001)
        assert status.published == before + 1
        running.cancel()

    run(steps())


def test_http_and_tcp_go_the_same_way_as_grpc(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        shop.objects = [each for each in shop.objects if each.key.kind not in ("DestinationRule", "VirtualService")]
        payment = shop.pod("payment-v1")
        ports = (*payment.ports, ContainerPort("http-web", 9080), ContainerPort("tcp-line", 5433))
        shop.pods = [replace(pod, ports=ports) if pod is payment else pod for pod in shop.pods]
        web = await asyncio.start_server(_web, payment.addresses.application, 9080)
        line = await asyncio.start_server(_line, payment.addresses.application, 5433)
        async with web, line:
            await shop.change(PORTS)
            virtual = {name: shop.pod(name).addresses.virtual[PAYMENT] for name in ("order", "stranger")}
            request = b"GET /x HTTP/1.1\r\nhost: payment:8080\r\nconnection: close\r\n\r\n"
            allowed = await _exchange(virtual["order"], 8080, request)
            assert allowed.startswith(b"HTTP/1.1 200")
            assert b"GET /x HTTP/1.1 host: payment:8080" in allowed
            assert (await _exchange(virtual["stranger"], 8080, request)).startswith(b"HTTP/1.1 403")
            assert await _exchange(virtual["order"], 5432, b"hello\n") == b"you said hello\n"
            assert await _exchange(virtual["stranger"], 5432, b"hello\n") == b""

    run(steps())


def test_a_socket_path_that_is_too_long_is_told_before_anything_is_tried(tmp_path: Path) -> None:
    with pytest.raises(AdsError, match="choose a shorter --home"):
        asyncio.run(AdsServer(tmp_path / ("x" * 120)).start())


async def _web(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    body = " ".join(line for line in head if line.startswith(("GET", "host"))).encode()
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s" % (len(body), body))
    writer.close()


async def _line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"you said " + await reader.readline())
    writer.close()


async def _exchange(address: str, port: int, text: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(address, port)
    writer.write(text)
    try:
        return await asyncio.wait_for(reader.read(), 5)
    except ConnectionResetError:
        return b""
    finally:
        writer.close()
