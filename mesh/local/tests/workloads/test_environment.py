"""`$(NAME)` in values."""

from __future__ import annotations

from souk_mesh.workloads.environment import expand


def test_references_to_earlier_variables_are_filled_in() -> None:
    assert expand("postgres://$(USER)@db", {"USER": "shop"}) == "postgres://shop@db"


def test_unknown_references_stay_and_doubled_dollars_escape() -> None:
    assert expand("$(NOBODY) $$(USER) $5", {"USER": "shop"}) == "$(NOBODY) $(USER) $5"
