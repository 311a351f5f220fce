"""`docs/operations.md` keeps its word: its commands are run as they are printed, on the cluster that has the shop."""

from __future__ import annotations

import pytest

from scripts.tour import PRINTED_PORT, run, stops
from tests.homes.cluster import DEV_OVERLAY, OVERLAY, Cluster
from tests.mesh import ROOT

OPERATIONS = (ROOT / "docs/operations.md").read_text()


# What stands before it needs kind; what comes after it ends the shop. It is written for `dev`.
@pytest.mark.skipif(OVERLAY != DEV_OVERLAY, reason="the page applies dev")
@pytest.mark.parametrize("heading", ["The shop", "A traffic split", "A rollback"])
def test_each_command_does_what_is_said_beside_it(cluster: Cluster, heading: str) -> None:
    host, _, port = cluster.address.rpartition(":")
    for stop in stops(OPERATIONS, heading):
        command = stop.command.replace(f"localhost:{PRINTED_PORT}", cluster.address)

        said = run(command.replace(f"--port {PRINTED_PORT}", f"--host {host} --port {port}"))

        assert [expected for expected in stop.seen if expected not in said] == [], f"$ {command}\n{said}"
