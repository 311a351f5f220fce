"""A shop for this folder alone: whatever is replaced here is nobody else's."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.conftest import LOCAL_OVERLAY, ON_A_CLUSTER
from tests.homes import Home
from tests.homes.cluster import cluster as applied
from tests.homes.local import LocalMesh
from tests.mesh import Mesh, free_port
from tests.rest import Rest
from tests.rollout.requests import Goods

PIECES = 1_000_000
PRODUCT = "products/carpet"


@pytest.fixture(scope="package")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """The local overlay, up and empty."""
    mesh = Mesh(home=tmp_path_factory.mktemp("rollout"), port=free_port())
    try:
        mesh.up(LOCAL_OVERLAY)
        yield mesh
    finally:
        mesh.down()


@pytest.fixture(scope="package")
def home(request: pytest.FixtureRequest) -> Iterator[Home]:
    """Where the shop runs, empty."""
    if not ON_A_CLUSTER:
        yield LocalMesh(request.getfixturevalue("mesh"))
        return
    with applied() as found:
        yield found


@pytest.fixture(scope="package")
def goods(home: Home) -> Goods:
    """A product that doesn't run out, and an order for it that is confirmed."""
    rest = Rest(f"http://{home.address}")
    carpet = {"displayName": "Carpet", "price": {"currencyCode": "EUR", "units": "3"}}
    assert rest.post("/v1/products?productId=carpet", carpet).status == 200
    assert rest.post(f"/v1/{PRODUCT}/stock:adjust", {"delta": PIECES}).status == 200
    order = {"lines": [{"product": PRODUCT, "quantity": 1}], "cardToken": "tok_visa"}
    placed = rest.post("/v1/customers/first/orders", order, str(uuid.uuid4()))
    assert placed.body["state"] == "STATE_CONFIRMED", placed
    return Goods(PRODUCT, placed.body["name"])
