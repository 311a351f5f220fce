"""Two versions of the inventory: the one of this repository, and the next one, made in a folder beside it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

from tests.mesh import PATIENCE_SECONDS, ROOT, free_port

SOURCE = ROOT / "services/inventory/src"
# The next version keeps when a reservation was committed or released. In `store.py`, that is two lines.
STORE = "souk_inventory/store.py"
COLUMN = "    expires_at: datetime = Field(sa_column=Column(Moment, nullable=False))\n"
VALUES = '"expires_at": reservation.expires_at}'
EXPANDING = """
def upgrade() -> None:
    op.add_column("reservation", sa.Column("settled_at", sa.DateTime(timezone=True)))
"""
# What must never be done in one step: the version that still runs reads the column under its old name.
CONTRACTING = """
def upgrade() -> None:
    op.alter_column("reservation", "expires_at", new_column_name="lapses_at")
"""
MIGRATION = """import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
"""


@dataclass(frozen=True)
class Version:
    """A version of the inventory that can be run."""

    name: str
    source: Path

    def migrate(self, url: str) -> str:
        """Brings the database to this version's schema, as its init container does; returns its log."""
        done = subprocess.run(
            self._command("migrate"),
            env=self._environment(url),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{self.name} can't migrate:\n{done.stdout}"
        return done.stdout

    @contextmanager
    def serving(self, url: str, log: Path) -> Iterator[str]:
        """Runs it until the end of the block, where it gets SIGTERM and drains; yields its address."""
        port, health = free_port(), free_port()
        ports = {"GRPC_PORT": str(port), "HEALTH_PORT": str(health), "METRICS_PORT": "0"}
        with log.open("wb") as output:
            process = subprocess.Popen(
                self._command(), env={**self._environment(url), **ports}, stdout=output, stderr=subprocess.STDOUT
            )
        try:
            _wait_until_serving(f"127.0.0.1:{health}", process, log)
            yield f"127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                ended = process.wait(PATIENCE_SECONDS)
            finally:
                process.kill()
        assert ended == 0, f"{self.name} ended with {ended}:\n{log.read_text()}"

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "souk_inventory", *arguments]

    def _environment(self, url: str) -> Mapping[str, str]:
        # Before the installed package, which is this repository's.
        ours = {"PYTHONPATH": str(self.source), "DATABASE_URL": url, "LISTEN_HOST": "127.0.0.1", "VERSION": self.name}
        return {**os.environ, **ours}


CURRENT = Version("this version", SOURCE)


def next_version(folder: Path, upgrade: str) -> Version:
    """The version after this one, with a migration of its own."""
    shutil.copytree(SOURCE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "souk_inventory/migrations/versions/0002_settled_at.py").write_text(MIGRATION + upgrade)
    return Version("the next version", folder)


def keeping_when_settled(version: Version) -> Version:
    """The version with code that uses the column `settled_at`."""
    store = version.source / STORE
    text = store.read_text()
    for found, replacement in (
        (COLUMN, f"{COLUMN}    settled_at: datetime | None = Field(default=None, sa_column=Column(Moment))\n"),
        (VALUES, '"expires_at": reservation.expires_at, "settled_at": datetime.now().astimezone()}'),
    ):
        assert text.count(found) == 1, f"{STORE} is otherwise than this test expects, adapt it: {found}"
        text = text.replace(found, replacement)
    store.write_text(text)
    return version


def _wait_until_serving(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    ends = time.monotonic() + PATIENCE_SECONDS
    with grpc.insecure_channel(address) as channel:
        while True:
            assert process.poll() is None, log.read_text()
            try:
                answer = HealthStub(channel).Check(HealthCheckRequest(), wait_for_ready=True, timeout=1)
            except grpc.RpcError:  # its port isn't open yet
                answer = HealthCheckResponse()
            if answer.status == HealthCheckResponse.SERVING:
                return
            assert time.monotonic() < ends, log.read_text()
            time.sleep(0.05)
