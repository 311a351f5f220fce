"""An API server for tests: the one that kubectl speaks to, with payments applied to it as a GitOps tool does."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from urllib.parse import urlsplit

import pytest
import yaml

from souk_canary.homes import Key
from tests.homes.payment import MANIFEST, SERVICE, weighted

needed = pytest.mark.skipif("KUBE" not in os.environ, reason="no cluster: KUBE=1 uses that of kubectl")

NAMESPACE = "souk-canary-test"
RULE = Key("VirtualService", NAMESPACE, "payment")
GITOPS = "gitops"


@contextmanager
def namespace() -> Iterator[str]:
    """A namespace that is not there before and after."""
    kubectl("create", "namespace", NAMESPACE)
    yield NAMESPACE
    kubectl("delete", "namespace", NAMESPACE, "--wait=false")


@contextmanager
def payments(v1: int, v2: int) -> Iterator[None]:
    """The routes of payments with these weights, and a pod of each version."""
    kubectl(*_applying(), text=_manifest(v1, v2))
    kubectl("apply", "-n", NAMESPACE, "-f", str(SERVICE))
    for version in ("v1", "v2"):
        _add_pod(version)
    yield
    kubectl("delete", "virtualservices,destinationrules,services,pods", "--all", "-n", NAMESPACE, "--grace-period=0")


def applied_again(v1: int, v2: int) -> str:
    """What the GitOps tool is told that applies these weights, without force: nothing if all is well."""
    done = subprocess.run(
        ["kubectl", *_applying()], input=_manifest(v1, v2), capture_output=True, text=True, check=False
    )
    return done.stderr


def edit(path: str, value: object) -> None:
    """What somebody does who changes a field by hand."""
    operation = [{"op": "replace", "path": path, "value": value}]
    kubectl("patch", "virtualservice", "payment", "-n", NAMESPACE, "--type=json", "-p", json.dumps(operation))


def owners() -> list[str]:
    """Who owns fields of the VirtualService."""
    found = kubectl("get", "virtualservice", "payment", "-n", NAMESPACE, "-o", "json", "--show-managed-fields")
    return [entry["manager"] for entry in json.loads(found)["metadata"]["managedFields"]]


def kubectl(*arguments: str, text: str | None = None) -> str:
    """Runs kubectl, which has to succeed."""
    done = subprocess.run(["kubectl", *arguments], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Line:
    """The way to the API server, which can be cut."""

    def __init__(self, folder: Path) -> None:
        config = json.loads(kubectl("config", "view", "--raw", "--minify", "--flatten", "-o", "json"))
        cluster = config["clusters"][0]["cluster"]
        server = urlsplit(cluster["server"])
        self._server = (server.hostname or "", server.port or 443)
        self._listener = socket.create_server(("127.0.0.1", 0))
        cluster["server"] = f"{server.scheme}://127.0.0.1:{self._listener.getsockname()[1]}"
        if not cluster.get("insecure-skip-tls-verify"):
            cluster["tls-server-name"] = server.hostname
        self.kubeconfig = folder / "kubeconfig"
        self.kubeconfig.write_text(json.dumps(config))
        self._whole = Event()
        self._whole.set()
        Thread(target=self._serve, daemon=True).start()

    @contextmanager
    def cut(self) -> Iterator[None]:
        """Nothing gets through as long as this lasts."""
        self._whole.clear()
        yield
        self._whole.set()

    def close(self) -> None:
        """Takes it away."""
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if not self._whole.is_set():
                    client.close()
                    continue
                server = socket.create_connection(self._server)
                Thread(target=_carry, args=(client, server), daemon=True).start()
                Thread(target=_carry, args=(server, client), daemon=True).start()


def _carry(giver: socket.socket, taker: socket.socket) -> None:
    with suppress(OSError):
        while data := giver.recv(65536):
            taker.sendall(data)
    with suppress(OSError):
        taker.shutdown(socket.SHUT_WR)


def _add_pod(version: str) -> None:
    """A pod that says that it is ready, and that no node ever gets."""
    name = f"payment-{version}"
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app.kubernetes.io/name": "payment", "version": version}},
        "spec": {"schedulingGates": [{"name": "souk.dev/test"}], "containers": [{"name": "app", "image": "none"}]},
    }
    kubectl("apply", "-n", NAMESPACE, "-f", "-", text=json.dumps(pod))
    ready = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    kubectl("patch", "pod", name, "-n", NAMESPACE, "--subresource=status", "-p", json.dumps(ready))


def _applying() -> tuple[str, ...]:
    return ("apply", "--server-side", f"--field-manager={GITOPS}", "-n", NAMESPACE, "-f", "-")


def _manifest(v1: int, v2: int) -> str:
    objects = list(yaml.safe_load_all(MANIFEST.read_text()))
    return yaml.safe_dump_all(weighted(each, v1, v2) if "http" in each["spec"] else each for each in objects)
