"""A cluster with Istio as a home: the one that kubectl speaks to, wherever that is.

The overlay is `dev`, or the one that OVERLAY names. The ingress is called where its Service says: at its load
balancer, or else at its port on a node; or at SOUK_URL.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from tests.homes import SERVICES, Place, Pod
from tests.homes.edge import Edge, encrypted
from tests.homes.kubectl import NAMESPACE, PATIENCE_SECONDS, apply, kubectl, read, rolled_out, shop
from tests.homes.proxies import Shares, done_by, meant
from tests.homes.relaying import RELAY, forwarded, relayed
from tests.mesh import ROOT
from tests.reliability.books import Books, Row, gather
from tests.waiting import awaited

DEV_OVERLAY = ROOT / "deploy/kustomize/overlays/dev"
OVERLAY = ROOT / os.environ.get("OVERLAY", DEV_OVERLAY)
# Whose certificate scripts/lab-secrets makes.
NAME = "shop.example"
# What a cluster adds to an object by itself.
FOREIGN = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "uid")
FOREIGN_ANNOTATIONS = ("kubectl.kubernetes.io/last-applied-configuration", "deployment.kubernetes.io/revision")


@dataclass(frozen=True)
class Cluster:
    """A cluster in which an overlay was applied."""

    address: str
    overlay: Path
    # Small nodes start a pod with its database's migration in about ten seconds, and an old one drains for as long.
    patience: float = 180

    def pods(self, deployment: str | None = None) -> Sequence[Pod]:
        """As Kubernetes has them."""
        found = [_pod(item) for item in read("pods")["items"]]
        return [pod for pod in found if pod.deployment == deployment or (deployment is None and pod.deployment)]

    def read(self, kind: str, name: str) -> Mapping[str, Any]:
        """As it was applied."""
        document = dict(read(kind, name))
        document.pop("status", None)
        metadata = {key: value for key, value in document["metadata"].items() if key not in FOREIGN}
        annotations = metadata.get("annotations", {})
        metadata["annotations"] = {key: annotations[key] for key in annotations if key not in FOREIGN_ANNOTATIONS}
        return {**document, "metadata": metadata}

    def hold(self, document: Mapping[str, Any]) -> None:
        """Applies it, and waits for its pods, or for every proxy to lead as it says."""
        apply(json.dumps(document))
        name = document["metadata"]["name"]
        if document["kind"] == "Deployment":
            rolled_out(name)
        elif document["kind"] == "VirtualService":
            wanted = meant(document)
            _eventually(lambda: self._all_split(name, wanted), f"every proxy splits as {name} says")

    def split(self, service: str, weights: Mapping[str, int]) -> None:
        """Changes its VirtualService, as a person would edit it."""
        rule = self.read("virtualservice", service)
        for http in rule["spec"]["http"]:
            for route in http["route"]:
                route["weight"] = weights[route["destination"]["subset"]]
        self.hold(rule)

    def scale(self, deployment: str, replicas: int) -> None:
        """By `kubectl scale`, within the bounds of the autoscaler, if there is one. At 0 it rests."""
        if replicas and shop("get", "horizontalpodautoscaler", deployment, "--ignore-not-found", "-o", "name"):
            bounds = json.dumps({"spec": {"minReplicas": replicas, "maxReplicas": replicas}})
            shop("patch", "horizontalpodautoscaler", deployment, "--type=merge", f"--patch={bounds}")
        shop("scale", f"deployment/{deployment}", f"--replicas={replicas}")

    def restart(self, deployment: str) -> None:
        """By `kubectl rollout restart`."""
        shop("rollout", "restart", f"deployment/{deployment}")

    def end(self, pod: str) -> None:
        """By `kubectl delete pod`."""
        shop("delete", "pod", pod, "--wait=false")

    def books(self) -> Books:
        """From PostgreSQL, by its own client in its pod."""

        def rows(service: str, query: str) -> Iterator[Row]:
            psql = ("psql", "--no-psqlrc", "--tuples-only", "--no-align", "--username=postgres", f"--dbname={service}")
            asked = f"SELECT row_to_json(found) FROM ({query}) AS found"
            said = shop("exec", "deployment/postgres", "--container", "postgres", "--", *psql, f"--command={asked}")
            yield from map(json.loads, said.splitlines())

        return gather(rows)

    @contextmanager
    def seen_by(self, deployment: str) -> Iterator[Mapping[str, Place]]:
        """By a relay in the pod, whose connections Istio leads through the pod's sidecar."""
        with relayed(*self._program(deployment), [f"{service}:50051" for service in SERVICES]) as places:
            yield {host.partition(":")[0]: place for host, place in places.items()}

    @contextmanager
    def behind_its_sidecar(self, deployment: str) -> Iterator[Place]:
        """By a relay in the pod to its own loopback, which Istio leaves alone."""
        with relayed(*self._program(deployment), ["127.0.0.1:50051"]) as places:
            yield places["127.0.0.1:50051"]

    @contextmanager
    def from_outside(self, deployment: str) -> Iterator[Place]:
        """By a relay in a pod of its own that has no sidecar."""
        pod = read("pod", self.pods(deployment)[0].name)
        target = f"{pod['status']['podIP']}:50051"
        name = f"outsider-{uuid.uuid4().hex[:8]}"
        apply(json.dumps(_outsider(name, pod["spec"]["containers"][0]["image"], target)))
        try:
            shop("wait", f"pod/{name}", "--for=condition=Ready", "--timeout=60s")
            _eventually(lambda: bool(shop("logs", name)), f"{name} says where it listens")
            with forwarded(name, [int(shop("logs", name))]) as (address,):
                yield Place(address, target)
        finally:
            shop("delete", "pod", name, "--grace-period=1")

    def _all_split(self, service: str, wanted: Set[Shares]) -> bool:
        with ThreadPoolExecutor() as asking:
            found = asking.map(lambda pod: done_by(pod.name, service), [pod for pod in self.pods() if pod.ready])
            try:
                return all(done in (wanted, set()) for done in found)
            except AssertionError:  # a pod has ended since it was listed: who asks again finds it no more
                return False

    def _program(self, deployment: str) -> tuple[str, str]:
        """A ready pod, and the container in it that holds the program."""
        pod = next(pod.name for pod in self.pods(deployment) if pod.ready)
        containers = [each["name"] for each in read("pod", pod)["spec"]["containers"]]
        return pod, next(name for name in containers if name != "istio-proxy")


@contextmanager
def cluster(overlay: Path = OVERLAY) -> Iterator[Cluster]:
    """Applies an overlay and waits for all of it; removes everything afterwards."""
    there = shop("get", "namespace", NAMESPACE, "--ignore-not-found", "-o", "name")
    assert not there, (
        f"the cluster has a namespace {NAMESPACE}\n"
        f"  these tests change whatever is in it: `kubectl delete namespace {NAMESPACE}`, or take another cluster"
    )
    documents = built(overlay)
    try:
        if "secretKeyRef" in documents and "kind: ExternalSecret" not in documents:
            subprocess.run([ROOT / "scripts/lab-secrets"], check=True, stdout=subprocess.DEVNULL)
        apply(documents)
        for deployment in read("deployments")["items"]:
            rolled_out(deployment["metadata"]["name"])
        with entrance() as address:
            _eventually(lambda: _answers(f"http://{address}/v1/products"), f"the shop answers at {address}")
            yield Cluster(address, overlay)
    finally:
        kubectl("delete", "--ignore-not-found", "-f", "-", text=documents)
        _eventually(lambda: not _volumes(), "the volumes of the shop are gone")


def load_demo_catalog(address: str) -> None:
    """Loads what `make up` loads."""
    host, _, port = address.rpartition(":")
    subprocess.run([sys.executable, str(ROOT / "scripts/demo.py"), "--host", host, "--port", port], check=True)


def built(overlay: Path) -> str:
    """An overlay as it is applied."""
    build = [str(ROOT / ".souk/bin/kustomize"), "build", str(overlay)]
    return subprocess.run(build, check=True, capture_output=True, text=True).stdout


@contextmanager
def entrance() -> Iterator[str]:
    """Where customers call in plain HTTP, `host:port`; a relay where the ingress speaks HTTPS."""
    if url := os.environ.get("SOUK_URL"):
        yield urlsplit(url).netloc
        return
    service = read("service", "ingress")
    ports = {port["name"]: port for port in service["spec"]["ports"]}
    host, number = _reached(service, ports.get("https", ports["http2"]))
    if "https" not in ports:
        yield f"{host}:{number}"
        return
    certificate = base64.b64decode(read("secret", "ingress-certificate")["data"]["tls.crt"]).decode()
    with encrypted(Edge(host, number, NAME, certificate)) as address:
        yield address


def _reached(service: Mapping[str, Any], port: Mapping[str, Any]) -> tuple[str, int]:
    for balancer in service["status"]["loadBalancer"].get("ingress", ()):
        return balancer.get("ip") or balancer["hostname"], port["port"]
    node = read("nodes")["items"][0]
    host = next(each["address"] for each in node["status"]["addresses"] if each["type"] == "InternalIP")
    return host, port["nodePort"]


def _pod(item: Mapping[str, Any]) -> Pod:
    metadata, status = item["metadata"], item["status"]
    conditions = {each["type"]: each["status"] for each in status.get("conditions", ())}
    containers = sorted(
        [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())], key=lambda each: each["name"]
    )
    return Pod(
        name=metadata["name"],
        deployment=metadata["labels"].get("app.kubernetes.io/instance", ""),
        ready=conditions.get("Ready") == "True" and "deletionTimestamp" not in metadata,
        restarts=tuple(each["restartCount"] for each in containers),
    )


def _outsider(name: str, image: str, target: str) -> Mapping[str, object]:
    confined = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    relay = {
        "name": "relay",
        "image": image,
        "command": ["python", "-c", RELAY, target],
        "stdin": True,  # which nobody closes, so that the relay goes on
        "securityContext": confined,
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": {"sidecar.istio.io/inject": "false"}},
        "spec": {
            "containers": [relay],
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        },
    }


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=10) as answer:
            return bool(answer.status == 200)
    except (HTTPError, URLError, OSError):
        return False


def _volumes() -> Sequence[str]:
    found = json.loads(shop("get", "persistentvolumes", "-o", "json"))["items"]
    return [each["metadata"]["name"] for each in found if each["spec"]["claimRef"]["namespace"] == NAMESPACE]


def _eventually(condition: Callable[[], bool], what: str) -> None:
    awaited(condition, what, PATIENCE_SECONDS)
