"""What goes wrong, and what a person is told then."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
from pathlib import Path

import pytest
from mesh_command import OVERLAY, Souk, processes_of
from mesh_waiting import until

CRASH = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: crash}
spec:
  selector: {matchLabels: {app: crash}}
  template:
    metadata: {labels: {app: crash}}
    spec:
      containers:
        - name: crash
          image: demo/echo:1
          args: [crash]
          readinessProbe: {tcpSocket: {port: 8080}}
"""

SMALL = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: echo}
spec:
  selector: {matchLabels: {app: echo}}
  template:
    metadata: {labels: {app: echo}}
    spec:
      terminationGracePeriodSeconds: 10
      containers:
        - name: echo
          image: demo/echo:1
          readinessProbe: {tcpSocket: {port: 8080}}
          # Its folder's name tells the program from those of other meshes.
          env: [{name: SCRATCH, value: /scratch}]
          volumeMounts: [{name: scratch, mountPath: /scratch}]
      volumes: [{name: scratch, emptyDir: {}}]
"""

NAMESPACE = """
apiVersion: v1
kind: Namespace
metadata: {name: demo, labels: {istio-injection: enabled}}
"""


def overlay(folder: Path, *documents: str) -> Path:
    folder.mkdir()
    (folder / "objects.yaml").write_text("---".join([NAMESPACE, *documents]))
    (folder / "kustomization.yaml").write_text("namespace: demo\nresources: [objects.yaml]\n")
    return folder


def test_a_program_that_crashes_on_start_is_shown_with_its_last_lines(fresh: Souk, tmp_path: Path) -> None:
    failed = fresh("up", "-k", str(overlay(tmp_path / "crash", CRASH)), "--timeout", "3")
    assert failed.code == 1
    assert failed.err.startswith("error: not everything was ready after 3 s\n  crash: 0 of 1 pods ready\n")
    assert "exited with code 3" in failed.err
    assert "    | database.url is malformed" in failed.err
    # Between two looks the program is started again and runs for a moment: wait for a look that finds it at rest.
    reason = "container crash: exited with code 3, "
    shown = until(lambda: fresh("status").out, lambda text: "CrashLoopBackOff" in text and reason in text)
    assert "    | I am about to fail" in shown


def test_a_port_in_use_is_named_with_who_holds_it_and_nothing_is_started(fresh: Souk) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", fresh.port))
        holder.listen()
        failed = fresh.up()
    assert failed.code == 1
    assert failed.err == (
        f"error: port {fresh.port} is taken (pid {os.getpid()}, {Path('/proc/self/comm').read_text().strip()})\n"
        f"  choose another with `make up PORT={fresh.port + 1}`, or stop that process\n"
    )
    assert processes_of(fresh.home) == {}


def test_an_overlay_with_mistakes_is_refused_before_anything_is_changed(mesh: Souk, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(OVERLAY, broken)
    rules = broken / "echo.yaml"
    rules.write_text(rules.read_text().replace("subset: v2}", "subset: v3}"))
    before = mesh("get", "vs", "-o", "yaml").out
    failed = mesh.up(broken)
    assert failed.code == 1
    assert "VirtualService demo/echo" in failed.err
    assert '"v3"' in failed.err
    assert "Traceback" not in failed.err
    assert mesh("get", "vs", "-o", "yaml").out == before


def test_commands_that_need_a_mesh_say_that_none_runs(fresh: Souk) -> None:
    for arguments in (
        ["status"],
        ["split", "echo", "v1=1"],
        ["restart", "echo"],
        ["get", "pods"],
        ["apply", "-k", "x"],
    ):
        failed = fresh(*arguments)
        assert failed.code == 1
        assert failed.err.startswith(f"error: no mesh runs in {fresh.home}\n  start it with `souk up")


def test_down_without_a_mesh_is_no_mistake(fresh: Souk) -> None:
    ended = fresh("down")
    assert (ended.code, ended.out) == (0, f"no mesh runs in {fresh.home}\n")


def test_an_overlay_that_does_not_exist_is_a_message(fresh: Souk) -> None:
    failed = fresh("up", "-k", "nowhere")
    assert failed.code == 1
    assert failed.err.startswith("error: ")
    assert "nowhere" in failed.err


def test_a_folder_that_cannot_be_written_to_is_a_message(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    failed = Souk(file / "home", 1).up(OVERLAY)
    assert failed.code == 1
    assert failed.err.startswith(f"error: {file}/home: cannot write there (Not a directory)\n  choose another folder")


def test_a_half_installed_environment_is_a_message(fresh: Souk, tmp_path: Path) -> None:
    failed = fresh("up", "-k", str(OVERLAY), SOUK_ROOT=str(tmp_path))
    assert failed.code == 1
    assert "is missing: the environment is only half installed\n  run `make env`" in failed.err


def test_after_a_kill_of_the_supervisor_up_ends_the_leftovers_and_starts_anew(fresh: Souk, tmp_path: Path) -> None:
    small = overlay(tmp_path / "small", SMALL)
    assert fresh("up", "-k", str(small)).code == 0
    os.kill(fresh.supervisor(), signal.SIGKILL)
    left = until(lambda: processes_of(fresh.home), lambda found: len(found) == 2)
    refused = fresh("status")
    assert "its supervisor was killed and left 2 processes behind" in refused.err
    again = fresh("up", "-k", str(small))
    assert again.code == 0, again.err
    assert "the supervisor was killed earlier; ended the 2 processes that it left:\n  echo-" in again.out
    assert not left.keys() & processes_of(fresh.home).keys()


def test_after_a_kill_of_the_supervisor_down_leaves_nothing(fresh: Souk, tmp_path: Path) -> None:
    assert fresh("up", "-k", str(overlay(tmp_path / "small", SMALL))).code == 0
    os.kill(fresh.supervisor(), signal.SIGKILL)
    ended = fresh("down")
    assert "ended the 2 processes that it left" in ended.out
    assert processes_of(fresh.home) == {}
    assert list(fresh.home.glob("*.sock")) == []


def test_a_killed_program_is_started_again(fresh: Souk, tmp_path: Path) -> None:
    assert fresh("up", "-k", str(overlay(tmp_path / "small", SMALL))).code == 0
    program = next(pid for pid, words in processes_of(fresh.home).items() if "echo.py" in words)
    os.kill(program, signal.SIGKILL)
    rows = until(lambda: list(fresh.pods().values()), lambda rows: rows[0][2:4] == ["Running", "1"])
    assert rows[0][1] == "2/2"


def test_purge_removes_the_data_and_down_alone_keeps_it(fresh: Souk, tmp_path: Path) -> None:
    assert fresh("up", "-k", str(overlay(tmp_path / "small", SMALL))).code == 0
    assert fresh("down").code == 0
    assert (fresh.home / "identity" / "root.key").exists()
    assert f"removed all data in {fresh.home}" in fresh("down", "--purge").out
    assert not fresh.home.exists()


def test_purge_leaves_a_folder_alone_that_is_no_meshs(tmp_path: Path) -> None:
    (tmp_path / "precious").touch()
    refused = Souk(tmp_path, 1)("down", "--purge")
    assert refused.code == 1
    assert (tmp_path / "precious").exists()


def test_a_state_folder_with_a_very_long_path_works(tmp_path: Path) -> None:
    long = Souk(tmp_path / ("a" * 120), 1)
    started = long("up", "-k", str(overlay(tmp_path / "small", SMALL)))
    runtime = Path((long.home / "runtime").read_text())
    ended = long("down")
    assert (started.code, ended.code) == (0, 0), started.err + ended.err
    assert not runtime.exists()


@pytest.mark.parametrize("arguments", [[], ["--help"], ["up", "--help"], ["delete", "--help"]])
def test_help_is_there(fresh: Souk, arguments: list[str]) -> None:
    shown = fresh(*arguments)
    assert "Usage: souk" in shown.out + shown.err


def test_an_overlay_is_checked_without_a_mesh(fresh: Souk, tmp_path: Path) -> None:
    checked = fresh("check", "-k", str(OVERLAY))
    assert checked.code == 0
    assert re.match(r"data/overlay: \d+ objects, all of them understood\n\nNot enforced here\n", checked.out)
    assert not fresh.home.exists()


def test_a_check_lists_what_is_refused_and_what_is_not_enforced_at_once(fresh: Souk, tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("resources: [objects.yaml]")
    (tmp_path / "objects.yaml").write_text(
        "{apiVersion: v1, kind: Pod, metadata: {name: bare}}\n---\n"
        "{apiVersion: networking.istio.io/v1alpha3, kind: EnvoyFilter, metadata: {name: patch}}\n---\n"
        "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: budget}, spec: {}}"
    )
    checked = fresh("check", "-k", str(tmp_path))
    assert checked.code == 1
    assert "there are no nodes to drain\n    PodDisruptionBudget default/budget" in checked.out
    assert 'Pod bare: kind "Pod" (v1) is not supported' in checked.err
    assert 'EnvoyFilter patch: kind "EnvoyFilter" is refused by the local mesh: it patches' in checked.err
