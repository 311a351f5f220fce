"""A Kubernetes cluster with Istio: whichever kubectl speaks to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from souk_canary.homes import Changed, Document, HomeError, Key, Pod, Unreachable, splits, writing
from souk_canary.homes.kubectl import Kubectl

# By their full names: other products have VirtualServices too.
_RESOURCES = {
    "VirtualService": "virtualservices.networking.istio.io",
    "DestinationRule": "destinationrules.networking.istio.io",
}
SIDECARS = "service.istio.io/canonical-name"
"""The label that injection puts on each pod that gets a proxy, of a service or of a gateway."""
_ROUTES = "config_dump?resource=dynamic_route_configs"
# Each is a kubectl of some 40 MB and a stream through the API server.
_AT_ONCE = 8
# An update of the object between reading and writing, by a controller that has no part in the experiment.
_TRIES = 3


@dataclass
class _Confirmed:
    """Which proxies were seen to route as an object says; they are not asked again until it says something else."""

    rule: Key
    splits: frozenset[splits.Split]
    pods: set[str]
    complete: bool = False
    """Whether all were. A proxy that starts later gets the split that is stored then."""


class Cluster:
    """Objects and pods of a cluster.

    Needs these rights: get, list and patch of VirtualServices, get and list of DestinationRules and of pods, and create
    of pods/exec in the namespaces of the callers. `proxies` selects the pods that are asked how they route; all that
    have a proxy, unless a large cluster makes it worth while to name the callers.
    """

    def __init__(self, context: str | None = None, proxies: str = SIDECARS) -> None:
        self._kubectl = Kubectl(context)
        self._proxies = proxies
        self._confirmed: _Confirmed | None = None

    def list(self, kind: str, namespace: str) -> Sequence[Document]:
        """Every object of a kind in a namespace."""
        return tuple(self._kubectl.read("get", _resource(kind), "-n", namespace)["items"])

    def read(self, key: Key) -> Document:
        """One object."""
        found: Document = self._kubectl.read("get", _resource(key.kind), key.name, "-n", key.namespace)
        return found

    def replace(self, document: Document) -> Document:
        """Writes the weights and annotations in which a document differs from what is stored, and nothing else."""
        key = _key(document)
        stored = self.read(key)
        if _version(stored) != _version(document):
            raise Changed(f"{key} was changed by somebody else: it is read as {_version(stored)} now")
        operations = writing.patch(stored, document)
        return self._patch(key, operations) if operations else stored

    def confirmed(self, document: Document) -> Sequence[str]:
        """Asks the proxies that may route by this object and have not yet been seen to do so, several at a time."""
        key, wanted = _key(document), splits.wanted(document)
        if self._confirmed is None or (self._confirmed.rule, self._confirmed.splits) != (key, wanted):
            self._confirmed = _Confirmed(key, wanted, set())
        if self._confirmed.complete:
            return ()
        seen = self._confirmed.pods
        pods = {pod["metadata"]["uid"]: pod for pod in self._callers(document)}
        unknown = [uid for uid in pods if uid not in seen]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = dict(zip(unknown, pool.map(lambda uid: self._lag(pods[uid], key, wanted), unknown), strict=True))
        seen |= {uid for uid, lag in found.items() if lag is None}
        lagging = [lag for lag in found.values() if lag is not None]
        self._confirmed.complete = not lagging
        return lagging

    def pods(self, namespace: str, labels: Mapping[str, str]) -> Sequence[Pod]:
        """The pods with these labels that are not on their way out."""
        selector = ",".join(f"{name}={value}" for name, value in labels.items())
        found = self._kubectl.read("get", "pods", "-n", namespace, "-l", selector)["items"]
        return tuple(pod(each, datetime.now(UTC)) for each in found if not _leaving(each))

    def release(self, document: Document) -> None:
        """Takes this tool out of the object's `managedFields`, whoever else has changed it meanwhile."""
        key = _key(document)
        for tried in range(_TRIES):
            stored = self._kubectl.read(
                "get", _resource(key.kind), key.name, "-n", key.namespace, "--show-managed-fields"
            )
            operations = writing.disowned(stored)
            try:
                if operations:
                    self._patch(key, operations)
                return
            except Changed:
                if tried == _TRIES - 1:
                    raise

    def _patch(self, key: Key, operations: Sequence[writing.Operation]) -> Document:
        place = ("patch", _resource(key.kind), key.name, "-n", key.namespace)
        patch = ("--type=json", f"--field-manager={writing.MANAGER}", "-p", json.dumps(list(operations)))
        stored: Document = self._kubectl.read(*place, *patch)
        return stored

    def _callers(self, document: Document) -> Sequence[Mapping[str, Any]]:
        """The pods with a proxy in the namespaces that see a VirtualService."""
        spec = document["spec"]
        assert isinstance(spec, Mapping), "a VirtualService has a spec"
        # `exportTo: ["."]` keeps it to its own namespace; without, the whole mesh sees it.
        within = ("-n", _key(document).namespace) if list(spec.get("exportTo", ())) == ["."] else ("-A",)
        found = self._kubectl.read("get", "pods", *within, "-l", self._proxies, "--field-selector=status.phase=Running")
        return [each for each in found["items"] if not _leaving(each) and _has_proxy(each)]

    def _lag(self, pod: Mapping[str, Any], rule: Key, wanted: frozenset[splits.Split]) -> str | None:
        """A proxy that does not count as routing this way, and why; None if it does, or has no such route."""
        namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        asked = ("exec", "-n", namespace, name, "-c", "istio-proxy", "--", "pilot-agent", "request", "GET", _ROUTES)
        try:
            tables = splits.held(json.loads(self._kubectl.run(*asked)), rule)
        except Unreachable:
            return f"{namespace}/{name} (does not answer)"
        except (HomeError, json.JSONDecodeError) as error:
            return f"{namespace}/{name} (can't be asked: {error})"
        stale = [table for table in tables if table != wanted]
        return f"{namespace}/{name} (routes {splits.described(stale[0])})" if stale else None


def pod(document: Mapping[str, Any], now: datetime) -> Pod:
    """What matters of a pod as the API server shows it."""
    status = document.get("status", {})
    # Native sidecars are init containers.
    containers = [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]
    created = datetime.fromisoformat(document["metadata"]["creationTimestamp"])
    return Pod(
        name=document["metadata"]["name"],
        ready=any(each["type"] == "Ready" and each["status"] == "True" for each in status.get("conditions", ())),
        restarts=sum(each.get("restartCount", 0) for each in containers),
        age=max(0.0, (now - created).total_seconds()),
    )


def _leaving(document: Mapping[str, Any]) -> bool:
    ended = document.get("status", {}).get("phase") in ("Succeeded", "Failed")
    return ended or "deletionTimestamp" in document["metadata"]


def _has_proxy(document: Mapping[str, Any]) -> bool:
    spec = document["spec"]
    return any(each["name"] == "istio-proxy" for each in (*spec["containers"], *spec.get("initContainers", ())))


def _resource(kind: str) -> str:
    return _RESOURCES.get(kind, kind)


def _key(document: Document) -> Key:
    metadata = document["metadata"]
    assert isinstance(metadata, Mapping), "an object has metadata"
    return Key(str(document["kind"]), metadata["namespace"], metadata["name"])


def _version(document: Document) -> str:
    metadata = document["metadata"]
    assert isinstance(metadata, Mapping), "an object has metadata"
    return str(metadata["resourceVersion"])
