"""A release with a migration: both versions serve from one PostgreSQL, forward and back, and nothing is lost."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Self

import grpc
import psycopg
from souk.inventory.v1 import inventory_pb2 as pb
from souk.inventory.v1.inventory_pb2_grpc import InventoryServiceStub

from tests.migration.traffic import PRODUCTS, Traffic
from tests.migration.versions import CONTRACTING, CURRENT, EXPANDING, Version, keeping_when_settled, next_version


class Releases:
    """Starts and ends versions while calls go on."""

    def __init__(self, calls: Traffic, url: str, folder: Path) -> None:
        self._calls, self._url, self._folder = calls, url, folder
        self._running: list[tuple[Version, str, ExitStack]] = []
        self._started = 0

    def start(self, version: Version) -> str:
        """Migrates, starts, and sends calls there; returns what the migration said."""
        said = version.migrate(self._url)
        self._started += 1
        stack = ExitStack()
        address = stack.enter_context(version.serving(self._url, self._folder / f"{self._started}.log"))
        stack.enter_context(self._calls.goes_to(address))
        self._running.append((version, address, stack))
        self._calls.is_answered_by([address for _, address, _ in self._running])
        return said

    def end(self, version: Version) -> None:
        """Sends no more calls there, and ends it as Kubernetes does."""
        (found,) = [each for each in self._running if each[0] is version]
        self._running.remove(found)
        found[2].close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for version in [each[0] for each in self._running]:
            self.end(version)


def count(url: str, query: str) -> int:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row
    return int(row[0])


def check_the_books(calls: Traffic, url: str, version: Version, log: Path) -> None:
    """Everything that was confirmed is there, and no more."""
    sold = {product: sum(each == product for each in calls.bought.values()) for product in PRODUCTS}
    with version.serving(url, log) as address, grpc.insecure_channel(address) as channel:
        inventory = InventoryServiceStub(channel)
        for product in PRODUCTS:
            stock = inventory.GetStock(pb.GetStockRequest(name=f"{product}/stock"))
            assert (stock.on_hand, stock.reserved) == (calls.delivered[product] - sold[product], 0)
        for name in list(calls.bought)[::20]:
            again = inventory.CommitReservation(pb.CommitReservationRequest(name=name))
            assert again.state == pb.Reservation.STATE_COMMITTED
    committed = count(url, "SELECT count(*) FROM reservation WHERE state = 'COMMITTED'")
    assert committed == len(calls.bought) == count(url, "SELECT count(*) FROM reservation")


def test_a_version_with_a_migration_comes_and_goes_under_load_and_no_call_is_lost(
    postgres_url: str, tmp_path: Path
) -> None:
    following = keeping_when_settled(next_version(tmp_path / "next", EXPANDING))
    calls = Traffic()
    with Releases(calls, postgres_url, tmp_path) as releases, calls.flowing():
        releases.start(CURRENT)
        assert "database migrated" in releases.start(following)  # the old one serves meanwhile, and after
        releases.end(CURRENT)
        assert "or of a newer one" in releases.start(CURRENT)  # the release is taken back
        releases.end(following)
        releases.start(following)  # and comes again

    assert not calls.failures
    for version in (CURRENT, following):
        check_the_books(calls, postgres_url, version, tmp_path / "books.log")
    # Each version has bought what the other finds.
    noted = count(postgres_url, "SELECT count(*) FROM reservation WHERE settled_at IS NOT NULL")
    assert 0 < noted < len(calls.bought)


def test_a_migration_that_renames_what_the_version_before_reads_makes_its_calls_fail(
    postgres_url: str, tmp_path: Path
) -> None:
    calls = Traffic()
    with Releases(calls, postgres_url, tmp_path) as releases, calls.flowing():
        releases.start(CURRENT)
        next_version(tmp_path / "next", CONTRACTING).migrate(postgres_url)
        calls.is_answered_by(list(calls.answered))

    assert calls.failures
