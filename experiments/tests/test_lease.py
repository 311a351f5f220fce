"""A lease travels in the object's annotations, and leaves no trace when it is taken off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from souk_canary import lease
from souk_canary.lease import BrokenLease, Lease

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LEASE = Lease(
    holder="payment-7",
    host="till",
    pid=7,
    service="payment",
    until=NOW + timedelta(seconds=60),
    before={"v1": 90, "v2": 10},
    written={"v1": 50, "v2": 50},
)


def test_a_lease_is_read_as_it_was_written_and_its_removal_restores_the_object() -> None:
    for metadata in ({"name": "payment"}, {"name": "payment", "annotations": {"team": "tills"}}):
        document = {"metadata": metadata}
        held = lease.with_lease(document, LEASE)
        assert lease.read(held) == LEASE
        assert lease.with_lease(held, None) == document
        assert lease.read(document) is None


def test_an_annotation_that_is_no_lease_is_refused_with_its_text() -> None:
    with pytest.raises(BrokenLease, match="holds no lease of an experiment: 'mine'"):
        lease.read({"metadata": {"annotations": {lease.ANNOTATION: "mine"}}})
