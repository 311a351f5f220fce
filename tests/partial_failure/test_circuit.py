"""The circuit breaker: a replica that answers with failures rests, the other one serves, and it comes back."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import grpc
import pytest
import yaml
from souk.inventory.v1.inventory_pb2 import ReservationLine, ReserveStockRequest
from souk.inventory.v1.inventory_pb2_grpc import InventoryServiceStub

from tests.mesh import Mesh
from tests.partial_failure.shop import Shop, eventually


@pytest.fixture
def two(mesh: Mesh, overlay: Path) -> Iterator[None]:
    """Two replicas of the inventory, and a circuit that closes again sooner than it does as it ships."""
    shipped = mesh.souk("get", "destinationrule", "inventory", "-o", "yaml")
    quick = yaml.safe_load(shipped)
    quick["spec"]["trafficPolicy"]["outlierDetection"] |= {"interval": "0.5s", "baseEjectionTime": "2s"}
    mesh.souk("scale", "inventory", "--replicas", "2")
    apply(mesh, overlay, yaml.safe_dump(quick))
    yield
    apply(mesh, overlay, shipped)
    mesh.souk("scale", "inventory", "--replicas", "1")


def apply(mesh: Mesh, overlay: Path, document: str) -> None:
    (overlay / "object.yaml").write_text(document)
    (overlay / "kustomization.yaml").write_text("resources: [object.yaml]\n")
    mesh.souk("apply", "-k", str(overlay))


def answered(pod: Mapping[str, Any]) -> int:
    """How many reservations this replica has been asked for, whatever it said."""
    with urlopen(f"http://{pod['application']}:9090/metrics", timeout=5) as page:
        found = re.findall(r'grpc_server_started_total\{.*"ReserveStock".*\} (\S+)', page.read().decode())
    return int(sum(map(float, found)))


def resting(caller: Mapping[str, Any]) -> set[str]:
    """The addresses that the caller's sidecar has put aside."""
    with urlopen(f"{caller['admin']}/clusters?format=json", timeout=5) as page:
        clusters = json.load(page)["cluster_statuses"]
    return {
        host["address"]["socket_address"]["address"]
        for cluster in clusters
        for host in cluster.get("host_statuses", ())
        if host["health_status"].get("failed_outlier_check")
    }


@pytest.mark.usefixtures("two")
def test_a_circuit_opens_around_a_faulty_replica_and_closes_when_it_is_well_again(shop: Shop) -> None:
    (caller,) = shop.mesh.pods("order")
    faulty, sound = shop.mesh.pods("inventory")
    product = shop.stocked(10_000)

    with grpc.insecure_channel(shop.mesh.as_seen_by("order", "inventory")) as channel:
        stub = InventoryServiceStub(channel)

        def reserve() -> None:
            line = ReservationLine(product=product, quantity=1)
            stub.ReserveStock(ReserveStockRequest(name=f"reservations/{uuid.uuid4()}", lines=[line]), timeout=5)

        def opens() -> bool:
            reserve()
            return faulty["address"] in resting(caller)

        with shop.disk_full(faulty):
            eventually(opens, "the faulty replica rests")
            before = answered(faulty), answered(sound)
            for _ in range(20):
                reserve()
            assert (answered(faulty) - before[0], answered(sound) - before[1]) == (0, 20)

        def serves_again() -> bool:
            reserve()
            return answered(faulty) > before[0] and not resting(caller)

        eventually(serves_again, "the replica that is well again serves")
        for _ in range(20):
            reserve()
