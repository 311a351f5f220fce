"""Up, down, and what may go wrong with them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import yaml

from tests.conftest import LOCAL_OVERLAY
from tests.mesh import ROOT, SOUK, Mesh, free_port


@pytest.fixture
def small(tmp_path: Path) -> Iterator[tuple[Mesh, Path]]:
    """A mesh that runs the catalog alone, quick to start; not yet up."""
    overlay = tmp_path / "overlay"
    overlay.mkdir()
    catalog = []
    built = subprocess.run(
        [str(ROOT / ".souk/bin/kustomize"), "build", str(LOCAL_OVERLAY)], check=True, capture_output=True, text=True
    )
    for document in yaml.safe_load_all(built.stdout):
        name = document["metadata"]["name"]
        if name in ("souk", "catalog", "catalog-data") and document["kind"] not in ("VirtualService", "Gateway"):
            catalog.append(document)
    (overlay / "catalog.yaml").write_text(yaml.safe_dump_all(catalog))
    (overlay / "kustomization.yaml").write_text("resources: [catalog.yaml]\n")
    mesh = Mesh(home=tmp_path / "home", port=free_port())
    yield mesh, overlay
    mesh.down()


def processes_of(mesh: Mesh) -> list[psutil.Process]:
    """Every process that knows of this mesh's state folder."""
    found = []
    for process in psutil.process_iter():
        try:
            told = [*process.cmdline(), *process.environ().values()]
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if process.pid != os.getpid() and any(str(mesh.home) in text for text in told):
            found.append(process)
    return found


def test_down_leaves_nothing_behind(small: tuple[Mesh, Path]) -> None:
    mesh, overlay = small
    mesh.up(overlay)
    assert processes_of(mesh)

    mesh.souk("down")

    assert processes_of(mesh) == []


def test_a_second_up_does_nothing_and_says_so(small: tuple[Mesh, Path]) -> None:
    mesh, overlay = small
    mesh.up(overlay)
    before = {process.pid for process in processes_of(mesh)}

    said = mesh.up(overlay)

    assert "already" in said
    assert {process.pid for process in processes_of(mesh)} == before


def test_after_a_kill_of_the_supervisor_up_cleans_and_starts_again(small: tuple[Mesh, Path]) -> None:
    mesh, overlay = small
    mesh.up(overlay)
    supervisor = mesh.supervisor()
    left = {process.pid for process in processes_of(mesh)} - {supervisor}
    os.kill(supervisor, signal.SIGKILL)

    said = mesh.up(overlay)

    assert "left" in said, "it says what it found"
    assert left.isdisjoint(process.pid for process in processes_of(mesh))
    assert all(pod["ready"] for pod in mesh.pods())


def test_a_port_in_use_is_named_with_its_owner(mesh: Mesh, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        said = Mesh(home=tmp_path / "other", port=port).up(LOCAL_OVERLAY, expect=1)

    assert f"port {port} is taken (pid {os.getpid()}" in said


def test_a_subset_that_is_not_defined_is_refused_before_anything_changes(mesh: Mesh, overlay: Path) -> None:
    rule = yaml.safe_load(mesh.souk("get", "virtualservice", "payment", "-o", "yaml"))
    rule["spec"]["http"][0]["route"][1]["destination"]["subset"] = "v3"
    (overlay / "rule.yaml").write_text(yaml.safe_dump(rule))
    (overlay / "kustomization.yaml").write_text("resources: [rule.yaml]\n")

    said = mesh.souk("apply", "-k", str(overlay), expect=1)

    assert 'VirtualService souk/payment: spec.http[0].route[1].destination.subset "v3" is not defined' in said
    assert "rule.yaml" in said
    assert "v3" not in mesh.souk("get", "virtualservice", "payment", "-o", "yaml")


def test_it_runs_without_any_privilege(tmp_path: Path) -> None:
    # Mapped to nobody in a user namespace of its own, root has no more rights than any user, but reads what it owns.
    nobody = ["unshare", "--user", "--map-user=65534", "--map-group=65534"] if os.geteuid() == 0 else []
    environment = {**os.environ, "SOUK_HOME": str(tmp_path / "home")}
    up = [*nobody, str(SOUK), "up", "-k", str(LOCAL_OVERLAY), "--port", str(free_port())]
    try:
        done = subprocess.run(up, cwd=ROOT, env=environment, check=False, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
    finally:
        subprocess.run([*nobody, str(SOUK), "down", "--purge"], cwd=ROOT, env=environment, check=True, timeout=60)
