"""StatefulSets, Jobs and a gateway with TLS over several namespaces, run by the real command."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mesh_command import DATA, Souk, free_port, processes_of
from mesh_waiting import until

from souk_mesh.identity import CertificateAuthority

OUTSIDE = CertificateAuthority.create("outside")
SECRET = """
secretGenerator:
  - name: web-tls
    namespace: edge
    type: kubernetes.io/tls
    files: [tls.crt, tls.key]
    options: {disableNameSuffixHash: true}
"""


def overlay(folder: Path) -> Path:
    """The overlay of the tests, with a certificate of their own."""
    shutil.copytree(DATA / "stateful", folder)
    leaf = OUTSIDE.issue("spiffe://outside/web")
    (folder / "tls.crt").write_bytes(leaf.chain)
    (folder / "tls.key").write_bytes(leaf.key)
    with (folder / "kustomization.yaml").open("a") as file:
        file.write(SECRET)
    return folder


@pytest.fixture(scope="module")
def stateful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Souk, Path]]:
    """A mesh that runs while the tests of this file do, and its overlay."""
    souk = Souk(tmp_path_factory.mktemp("mesh"), free_port())
    folder = overlay(tmp_path_factory.mktemp("overlay") / "stateful")
    started = souk.up(folder)
    assert started.code == 0, started.err
    yield souk, folder
    assert souk("down").code == 0
    assert processes_of(souk.home) == {}


def pods(souk: Souk, namespace: str) -> dict[str, dict[str, Any]]:
    found = json.loads(souk("get", "pods", "-o", "json").out)
    return {pod["name"]: pod for pod in found if pod["namespace"] == namespace}


def said_by(address: str) -> dict[str, Any]:
    """What the pod behind an address of another pod says of itself."""
    host, _, port = address.partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    connection.request("GET", "/")
    said: dict[str, Any] = json.loads(connection.getresponse().read())
    connection.close()
    return said


def at_the_edge(port: int, host: str) -> dict[str, Any]:
    """What the pod says of itself to whom a client outside is led that asks for a host by TLS."""
    trusting = ssl.create_default_context(cadata=OUTSIDE.roots.decode())
    trusting.check_hostname = False  # its certificates are for no names
    with socket.create_connection(("127.0.0.1", port), 10) as plain:
        connection = http.client.HTTPConnection(host)
        connection.sock = trusting.wrap_socket(plain, server_hostname=host)
        connection.request("GET", "/")
        said: dict[str, Any] = json.loads(connection.getresponse().read())
        connection.close()
    return said


def test_pods_have_numbers_in_each_namespace_and_come_one_after_the_other(stateful: tuple[Souk, Path]) -> None:
    souk, _ = stateful
    for namespace in ("left", "right"):
        found = pods(souk, namespace)
        assert [name for name in found if name.startswith("store-")] == ["store-0", "store-1"]
        first = said_by(f"{found['store-1']['virtual'][f'store-0.store.{namespace}.svc.cluster.local']}:8080")
        assert first["environment"]["HOSTNAME"] == "store-0"
        assert first["environment"]["NUMBER"] == "0"
        assert found["store-0"]["age"] > found["store-1"]["age"]


def test_each_pod_is_called_by_its_own_name(stateful: tuple[Souk, Path]) -> None:
    souk, _ = stateful
    caller = pods(souk, "left")["store-0"]
    peers = said_by(f"{caller['virtual']['store-1.store.left.svc.cluster.local']}:8080")["environment"]["PEERS"]
    # What the pod was told are addresses of its own; by them it finds the same pods.
    assert [said_by(peer)["pod"] for peer in peers.split(",")] == ["store-0", "store-1"]
    far = caller["virtual"]["store-1.store.right.svc.cluster.local"]
    assert said_by(f"{far}:8080")["pod"] == "store-1"
    assert {said_by(f"{caller['virtual']['store.left.svc.cluster.local']}:8080")["pod"] for _ in range(10)} == {
        "store-0",
        "store-1",
    }


def test_a_gateway_with_tls_leads_to_several_namespaces(stateful: tuple[Souk, Path]) -> None:
    souk, _ = stateful
    for namespace in ("left", "right"):
        answering = at_the_edge(souk.port, f"{namespace}.example")["environment"]["LISTEN_HOST"]
        assert answering in {pod["application"] for pod in pods(souk, namespace).values()}


def test_a_job_has_run_once_and_its_sidecar_has_ended_with_it(stateful: tuple[Souk, Path]) -> None:
    souk, _ = stateful
    for namespace in ("left", "right"):
        assert (souk.home / "volumes" / namespace / "seeded" / "note").read_text() == "from the job"
        (job,) = (pod for name, pod in pods(souk, namespace).items() if name.startswith("seed-"))
        assert job["phase"] == "Completed"
        assert {each["name"]: each["phase"] for each in job["containers"]} == {
            "istio-proxy": "Stopped",
            "seed": "Completed",
        }
        assert not [words for words in processes_of(souk.home).values() if f"/{job['name']}/" in words]
    assert "Not as it should be" not in souk("status").out


def test_a_pod_that_is_deleted_comes_back_under_its_name_with_its_claim(stateful: tuple[Souk, Path]) -> None:
    souk, _ = stateful
    (souk.home / "volumes" / "left" / "data-store-1" / "kept").touch()
    ambiguous = souk("delete", "pod", "store-1")
    assert ambiguous.code == 1
    assert "store-1 could be left/store-1 or right/store-1" in ambiguous.err
    before = pods(souk, "left")["store-1"]["address"]
    assert souk("delete", "pod", "left/store-1").code == 0
    until(lambda: pods(souk, "left").get("store-1", {}), lambda pod: pod and pod["ready"] and pod["address"] != before)
    assert (souk.home / "volumes" / "left" / "data-store-1" / "kept").exists()
    assert not (souk.home / "volumes" / "right" / "data-store-1" / "kept").exists()


def test_logs_are_those_of_a_pod_a_workload_or_a_namespace(stateful: tuple[Souk, Path]) -> None:
    souk, _ = stateful
    assert "serving" in souk("logs", "left/store-0").out
    assert "store-1/store: serving" in souk("logs", "store").out
    assert souk("logs", "middle/store").code == 1


def test_scaling_takes_the_highest_number_and_a_restart_goes_downwards(stateful: tuple[Souk, Path]) -> None:
    souk, _ = stateful
    assert "StatefulSet right/store: 2 → 3 replicas" in souk("scale", "right/store", "--replicas", "3").out
    until(lambda: pods(souk, "right").get("store-2", {}).get("ready"))
    old = {name: pod["address"] for name, pod in pods(souk, "right").items() if name.startswith("store-")}
    assert souk("restart", "right/store").code == 0
    now = until(
        lambda: pods(souk, "right"),
        lambda found: all(
            name in found and found[name]["ready"] and found[name]["address"] != address
            for name, address in old.items()
        ),
        seconds=30,
    )
    assert now["store-2"]["age"] > now["store-1"]["age"] > now["store-0"]["age"]
    souk("scale", "right/store", "--replicas", "2")
    until(lambda: "store-2" not in pods(souk, "right"))


BROKEN = """
apiVersion: batch/v1
kind: Job
metadata: {name: broken, namespace: left}
spec:
  backoffLimit: 1
  template:
    spec:
      restartPolicy: POLICY
      containers: [{name: broken, image: "demo/echo:1", args: [crash]}]
"""


def test_a_job_that_fails_too_often_is_given_up(stateful: tuple[Souk, Path], tmp_path: Path) -> None:
    souk, folder = stateful
    (tmp_path / "kustomization.yaml").write_text("resources: [job.yaml]")
    (tmp_path / "job.yaml").write_text(BROKEN.replace("POLICY", "Never"))
    failed = souk("apply", "-k", str(tmp_path))
    assert failed.code == 1
    assert "Job broken has failed: 2 failures, its backoffLimit is 1" in failed.err
    assert "database.url is malformed" in failed.err
    assert [pod["phase"] for name, pod in pods(souk, "left").items() if name.startswith("broken-")] == ["Failed"] * 2
    (tmp_path / "job.yaml").write_text(BROKEN.replace("POLICY", "OnFailure"))
    refused = souk("apply", "-k", str(tmp_path))
    assert "Job left/broken: spec.template can't be changed in an object that exists" in refused.err
    assert souk.up(folder).code == 0
    until(lambda: not [name for name in pods(souk, "left") if name.startswith("broken-")])


def test_claims_survive_the_end_of_the_mesh_but_not_a_purge(tmp_path: Path) -> None:
    souk = Souk(tmp_path / "home", free_port())
    folder = overlay(tmp_path / "overlay")
    try:
        assert souk.up(folder).code == 0
        (souk.home / "volumes" / "left" / "data-store-0" / "kept").touch()
        assert souk("down").code == 0
        assert souk.up(folder).code == 0
        assert (souk.home / "volumes" / "left" / "data-store-0" / "kept").exists()
    finally:
        souk("down", "--purge")
    assert not (souk.home / "volumes").exists()
