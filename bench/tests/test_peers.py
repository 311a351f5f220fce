"""The rivals are built from the protos as they stand."""

from __future__ import annotations

from bench.peers import imported


def test_what_the_catalog_imports_is_generated_with_it_and_what_google_publishes_is_not() -> None:
    protos = imported("souk/catalog/v1/catalog.proto")
    assert {"souk/catalog/v1/catalog.proto", "buf/validate/validate.proto"} <= set(protos)
    assert not [proto for proto in protos if proto.startswith("google/")]
