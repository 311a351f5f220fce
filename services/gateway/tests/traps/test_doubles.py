"""Two methods of two services that take the same calls."""

from pathlib import Path

import pytest
from google.api import annotations_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from souk_gateway.acceptance import accepted
from souk_gateway.descriptors import COMMITTED, Refused, load
from souk_gateway.testing import Backend

from .plain import running_plain


@pytest.fixture
def doubled(tmp_path: Path) -> Path:
    """The platform's own descriptor set, but that the inventory claims a path of the catalog."""
    files = FileDescriptorSet.FromString(COMMITTED.read_bytes())
    inventory = next(file for file in files.file if file.name == "souk/inventory/v1/inventory.proto")
    get_stock = next(method for method in inventory.service[0].method if method.name == "GetStock")
    get_stock.options.Extensions[annotations_pb2.http].get = "/v1/{name=products/*}"
    target = tmp_path / "doubled.binpb"
    target.write_bytes(files.SerializeToString())
    return target


def test_neither_answers_and_nothing_says_why(backend: Backend, doubled: Path, tmp_path: Path) -> None:
    with running_plain(backend, tmp_path, load(doubled)) as plain:
        assert plain.gateway.call("GET", "/v1/products/mug").status == 404
        assert plain.gateway.call("GET", "/v1/products").status == 200


def test_ours_does_not_take_such_protos(doubled: Path) -> None:
    with pytest.raises(Refused, match=r"takes the same calls as souk\.catalog\.v1\.CatalogService\.GetProduct"):
        accepted(doubled)
