"""A running mesh, seen and changed by the real command."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest
import yaml
from mesh_command import OVERLAY, Souk
from mesh_load import ask, requests
from mesh_waiting import until


def ready(mesh: Souk, deployment: str, count: int) -> bool:
    own = [row for name, row in mesh.pods().items() if name.startswith(f"{deployment}-")]
    return len(own) == count and all("Running" in row and "2/2" in row for row in own)


def test_a_second_up_is_a_no_op_that_says_so(mesh: Souk) -> None:
    before = mesh.pods().keys()
    again = mesh.up()
    assert again.code == 0
    assert "data/overlay is already running and unchanged: nothing to do" in again.out
    assert mesh.pods().keys() == before


def test_status_shows_pods_services_rewrites_and_what_is_not_enforced(mesh: Souk) -> None:
    shown = mesh("status").out
    assert re.search(
        r"echo-v1-[b-z2-9]{9}-[b-z2-9]{5} +v1 +2/2 +Running +0 .* MB +127\.\d+\.\d+\.1 +127\.\d+\.\d+\.2", shown
    )
    assert re.search(rf"ingress +8080 +1/1 +http://127.0.0.1:{mesh.port}", shown)
    assert re.search(r"echo-v1 +echo: env ECHO_ADDRESS +echo:8080 +127\.\d+\.\d+\.\d+:8080", shown)
    assert re.search(rf"echo-v1 +echo: env NOTE +/notes +{mesh.home}/pods/", shown)
    assert "any process of this machine can reach an application's private address" in shown


def test_a_container_gets_what_its_yaml_says_and_nothing_of_the_users_environment(mesh: Souk) -> None:
    environment = next(
        found
        for found in (ask(mesh.port)["environment"] for _ in range(50))
        if "PASSWORD" in dict(found)  # type: ignore[call-overload]
    )
    assert isinstance(environment, dict)
    assert environment["GREETING"] == "hello"
    assert environment["PASSWORD"] == "hunter2"
    assert environment["LISTEN_HOST"].endswith(".2")
    assert environment["POD_NAME"].startswith("echo-v1-")
    given = {"GREETING", "PASSWORD", "NOTE", "SECRETS", "ECHO_ADDRESS", "POD_NAME"}
    assert environment.keys() - given == {"PATH", "HOME", "LANG", "PYTHONUNBUFFERED", "LISTEN_HOST", "HOSTNAME"}


def test_a_secret_is_a_file_that_only_its_owner_can_read(mesh: Souk) -> None:
    files = list(mesh.home.glob("pods/*/*/volumes/secrets/password"))
    assert [file.read_text() for file in files] == ["hunter2", "hunter2"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_logs_show_what_containers_print_and_what_an_init_container_left_for_them(mesh: Souk) -> None:
    assert "serving; was told: from the init container" in mesh("logs", "echo").out
    pod = next(name for name in mesh.pods() if name.startswith("echo-v2"))
    assert "serving; was told: nothing" in mesh("logs", pod, "-c", "echo", "--tail", "1000").out
    missing = mesh("logs", "nobody")
    assert missing.code == 1
    assert missing.err.startswith("error: there are no logs of nobody\n")


def test_get_shows_objects_as_documents_that_can_be_applied(mesh: Souk) -> None:
    deployment = yaml.safe_load(mesh("get", "deploy", "echo-v1", "-o", "yaml").out)
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == "demo/echo:1"
    services = json.loads(mesh("get", "services", "-o", "json").out)
    assert sorted(each["metadata"]["name"] for each in services) == ["echo", "ingress"]
    assert "echo-v2" in mesh("get", "Deployment").out
    assert "the mesh knows no kind cronjobs" in mesh("get", "cronjobs").err


def test_get_shows_what_a_secret_is_called_and_never_what_it_holds(mesh: Souk) -> None:
    for form in ("yaml", "json", "table"):
        shown = mesh("get", "secrets", "-o", form)
        assert shown.code == 0
        assert "hunter2" not in shown.out
        assert "aHVudGVyMg" not in shown.out  # in base64
    (document,) = json.loads(mesh("get", "secrets", "-o", "json").out)
    assert document["data"] == {"password": "(hidden)"}


def test_a_split_holds_when_the_command_returns(mesh: Souk) -> None:
    done = mesh("split", "echo", "v1=0", "v2=1")
    assert re.search(r"v1=0 v2=1; acknowledged by all \d+ proxies after \d+\.\d ms", done.out)
    assert all(str(ask(mesh.port)["pod"]).startswith("echo-v2") for _ in range(20))
    assert mesh("split", "echo", "v1=50", "v2=50").code == 0
    assert {str(ask(mesh.port)["pod"])[:7] for _ in range(40)} == {"echo-v1", "echo-v2"}


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (["v1=90", "v3=10"], "echo has no subset v3"),
        (["v1=-1", "v2=2"], "the weight of v1 is negative"),
        (["v1=0", "v2=0"], "all weights are zero"),
        (["v1"], "v1 is not a weight"),
        (["v1=1", "v1=2"], "v1 is given twice"),
    ],
)
def test_a_split_that_makes_no_sense_changes_nothing(mesh: Souk, weights: list[str], words: str) -> None:
    before = mesh("get", "vs", "echo", "-o", "yaml").out
    refused = mesh("split", "echo", *weights)
    assert refused.code == 1
    assert words in refused.err
    assert mesh("get", "vs", "echo", "-o", "yaml").out == before


def test_certificates_are_renewed_when_the_command_returns_and_no_request_is_lost(mesh: Souk) -> None:
    with requests(mesh.port) as answers:
        said = mesh("rotate").out
    assert re.search(r"\d+ new certificates; acknowledged by all \d+ proxies after \d+\.\d ms", said)
    assert answers.failures == []


def test_scaling_changes_the_number_of_pods(mesh: Souk) -> None:
    assert "1 → 2 replicas" in mesh("scale", "echo-v2", "--replicas", "2").out
    until(lambda: ready(mesh, "echo-v2", 2))
    assert mesh("scale", "echo-v2", "--replicas", "1").code == 0
    until(lambda: ready(mesh, "echo-v2", 1))
    assert "there is no workload echo-v9" in mesh("scale", "echo-v9", "--replicas", "1").err


def test_a_restart_replaces_every_pod_and_loses_no_request(mesh: Souk) -> None:
    before = {name for name in mesh.pods() if name.startswith("echo-v1")}
    with requests(mesh.port) as answers:
        assert mesh("restart", "echo-v1").code == 0
        until(lambda: ready(mesh, "echo-v1", 2) and not before & mesh.pods().keys())
    assert answers.failures == []
    assert len(answers.pods) > 20
    applied = mesh.up()
    assert "nothing to do" in applied.out, "applying the same YAML again must not undo or repeat a restart"


def test_a_restart_of_the_ingress_loses_no_request_either(mesh: Souk) -> None:
    before = {name for name in mesh.pods() if name.startswith("ingress")}
    with requests(mesh.port) as answers:
        assert mesh("restart", "ingress").code == 0
        until(lambda: not before & mesh.pods().keys())
    assert answers.failures == []
    assert len(answers.pods) > 20


def test_a_deleted_pod_is_replaced(mesh: Souk) -> None:
    doomed = next(name for name in mesh.pods() if name.startswith("echo-v1"))
    assert mesh("delete", "pod", doomed).code == 0
    until(lambda: ready(mesh, "echo-v1", 2) and doomed not in mesh.pods())
    assert not (mesh.home / "pods" / "demo" / doomed).exists()
    assert "there is no pod nobody" in mesh("delete", "pod", "nobody").err


def test_a_file_of_a_claim_outlives_pods(mesh: Souk) -> None:
    (mesh.home / "volumes" / "demo" / "echo-data" / "kept").touch()
    doomed = next(name for name in mesh.pods() if name.startswith("echo-v1"))
    mesh("delete", "pod", doomed)
    until(lambda: ready(mesh, "echo-v1", 2) and doomed not in mesh.pods())
    assert (mesh.home / "volumes" / "demo" / "echo-data" / "kept").exists()


RULE = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: echo, namespace: demo}
spec:
  hosts: ["*"]
  gateways: [demo]
  http: [{route: [{destination: {host: echo, subset: SUBSET}}]}]
"""


def test_apply_changes_what_it_names_and_leaves_the_rest(mesh: Souk, tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("resources: [rule.yaml]")
    (tmp_path / "rule.yaml").write_text(RULE.replace("SUBSET", "v3"))
    refused = mesh("apply", "-k", str(tmp_path))
    assert refused.code == 1
    assert '"v3"' in refused.err
    (tmp_path / "rule.yaml").write_text(RULE.replace("SUBSET", "v2"))
    assert mesh("apply", "-k", str(tmp_path)).out == "changed VirtualService demo/echo\n"
    until(lambda: all(str(ask(mesh.port)["pod"]).startswith("echo-v2") for _ in range(10)))
    assert "changed VirtualService demo/echo\n" in mesh.up().out
    assert mesh("apply", "-k", str(OVERLAY)).out.startswith("nothing to do: all ")
