"""kubectl's complaints, told apart; the texts are its own."""

from __future__ import annotations

import shutil
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from souk_canary.homes import Changed, HomeError, Key, Pod, Unreachable
from souk_canary.homes.cluster import Cluster, pod
from souk_canary.homes.kubectl import trouble

CONFLICT = (
    'Error from server (Conflict): Operation cannot be fulfilled on virtualservices.networking.istio.io "payment": '
    "the object has been modified; please apply your changes to the latest version and try again"
)
MISSING = 'Error from server (NotFound): virtualservices.networking.istio.io "payment" not found'
DENIED = (
    'admission webhook "validation.istio.io" denied the request: configuration is invalid: total destination weight = 0'
)
INVALID = """The VirtualService "payment" is invalid:
* spec.http[0].route[0].weight: Invalid value: "string": spec.http[0].route[0].weight must be of type integer: "string"
* <nil>: Invalid value: null: some validation rules were not checked because the object was invalid
"""
REFUSED = (
    'E1127 19:02:11.031 4242 memcache.go:265] "Unhandled Error" err="couldn\'t get current server API group list: …"\n'
    "The connection to the server 172.30.0.2:6443 was refused - did you specify the right host or port?\n"
)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (CONFLICT, Changed),
        (MISSING, HomeError),
        (INVALID, HomeError),
        (f"Error from server (BadRequest): {DENIED}", HomeError),
        ('Error from server (Forbidden): virtualservices "payment" is forbidden: User "eve" cannot patch', HomeError),
        ("error: You must be logged in to the server (Unauthorized)", HomeError),
        ('error: context "prod" does not exist', HomeError),
        (REFUSED, Unreachable),
        ("Unable to connect to the server: dial tcp 10.0.0.1:443: i/o timeout", Unreachable),
        ("Unable to connect to the server: net/http: TLS handshake timeout", Unreachable),
        ("error: Get https://10.0.0.1/api: dial tcp 10.0.0.1:443: connect: no route to host", Unreachable),
        ("Error from server: etcdserver: request timed out", Unreachable),
        ("Error from server (ServiceUnavailable): the server is currently unable to handle the request", Unreachable),
        ("", Unreachable),
    ],
)
def test_what_a_complaint_means(said: str, kind: type[HomeError]) -> None:
    assert type(trouble("kubectl get", said)) is kind


def test_a_refusal_tells_what_the_server_said() -> None:
    assert DENIED in str(trouble("kubectl patch", f"Error from server (BadRequest): {DENIED}"))


def test_a_complaint_is_told_whole_but_for_kubectls_log() -> None:
    assert str(trouble("kubectl get", REFUSED)).startswith("`kubectl get`: The connection to the server")
    assert "must be of type integer" in str(trouble("kubectl patch", INVALID))


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_a_server_that_nobody_answers_for_is_unreachable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port, and it refuses
        config = tmp_path / "config"
        config.write_text(
            "{apiVersion: v1, kind: Config, current-context: gone,"
            f" clusters: [{{name: gone, cluster: {{server: 'http://127.0.0.1:{held.getsockname()[1]}'}}}}],"
            " contexts: [{name: gone, context: {cluster: gone, user: ''}}]}"
        )
        monkeypatch.setenv("KUBECONFIG", str(config))
        with pytest.raises(Unreachable, match="refused"):
            Cluster().read(Key("VirtualService", "souk", "payment"))


def test_a_cluster_without_kubectl_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(HomeError, match="kubectl is not on the PATH"):
        Cluster().pods("souk", {"version": "v2"})


def test_a_pod_counts_the_restarts_of_its_sidecar_too() -> None:
    document = {
        "metadata": {"name": "payment-v2-7d9f", "creationTimestamp": "2026-11-27T19:00:00Z"},
        "status": {
            "conditions": [{"type": "Ready", "status": "False"}, {"type": "PodScheduled", "status": "True"}],
            "initContainerStatuses": [{"name": "istio-proxy", "restartCount": 1}],
            "containerStatuses": [{"name": "app", "restartCount": 4}],
        },
    }
    seen = pod(document, datetime(2026, 11, 27, 19, 1, tzinfo=UTC))
    assert seen == Pod("payment-v2-7d9f", ready=False, restarts=5, age=60.0)
