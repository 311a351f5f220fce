"""A Kubernetes cluster with Istio: whichever kubectl speaks to."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from behaviour.case import HomeName
from behaviour.homes import Place, Unfit
from behaviour.homes.control import CONTROL_PORT, EchoControl

WORLD = Path(__file__).parents[1] / "world" / "cluster"
NAMESPACES = ("shop", "other")
STARTING = "180s"


class Cluster:
    """Holds objects by kubectl, and speaks to pods by port-forwarding, which passes their sidecars by."""

    name: HomeName = "cluster"
    # From an object's change to the last proxy that acts on it; a pooled connection may even then carry one more
    # request under an old policy.
    patience = 30.0

    def __init__(self, pods: Mapping[str, EchoControl]) -> None:
        self._pods = pods
        self._held: Sequence[Mapping[str, object]] = ()

    def hold(self, objects: Sequence[Mapping[str, object]]) -> None:
        """Makes these the only objects besides the world's."""
        staying = {_key(each) for each in objects}
        leaving = [each for each in self._held if _key(each) not in staying]
        if leaving:
            _kubectl("delete", "--ignore-not-found", "-f", "-", text=_list(leaving))
        self._held = objects
        if objects:
            _kubectl("apply", "-f", "-", text=_list(objects))

    def tell(self, pod: str, place: Place, order: Mapping[str, object]) -> list[dict[str, Any]]:
        """Has a pod call a name: the cluster's DNS and its sidecar find out where that is."""
        return self._pods[pod if "/" in pod else f"shop/{pod}"].carry_out({**order, "address": place.host})

    def arrivals(self, call: str) -> Mapping[str, int]:
        """How often a call has arrived, by Deployment."""
        return {name.partition("/")[2]: pod.arrivals(call) for name, pod in self._pods.items()}


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Brings the world into the cluster, and removes it.

    Raises:
        Unfit: the cluster has something else where the world is to be, or the world does not start.
    """
    taken = _kubectl("get", "namespace", *NAMESPACES, "--ignore-not-found", "-o", "name").split()
    if taken:
        raise Unfit(f"{', '.join(taken)} exists: the cases need a cluster in which nobody minds what they do")
    try:
        _kubectl("apply", "-k", str(WORLD))
        for namespace in NAMESPACES:
            _kubectl(
                "-n", namespace, "wait", "deployment", "--all", "--for=condition=Available", f"--timeout={STARTING}"
            )
        with ExitStack() as stack:
            found = dict(_pods())
            yield Cluster({name: stack.enter_context(_forwarded(*place)) for name, place in found.items()})
    finally:
        _kubectl("delete", "-k", str(WORLD), "--ignore-not-found")


def _pods() -> Iterator[tuple[str, tuple[str, str]]]:
    """The pods that run an echo: `namespace/deployment`, and their own namespace and name."""
    for namespace in NAMESPACES:
        for pod in json.loads(_kubectl("-n", namespace, "get", "pods", "-o", "json"))["items"]:
            if "deletionTimestamp" not in pod["metadata"] and any(
                container["name"] == "echo" for container in pod["spec"]["containers"]
            ):
                name = pod["metadata"]["name"]
                # NAME-HASH-SUFFIX
                yield f"{namespace}/{name.rsplit('-', 2)[0]}", (namespace, name)


@contextmanager
def _forwarded(namespace: str, pod: str) -> Iterator[EchoControl]:
    arguments = ["kubectl", "-n", namespace, "port-forward", f"pod/{pod}", f":{CONTROL_PORT}"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            # Forwarding from 127.0.0.1:40123 -> 7000
            said = process.stdout.readline()
            if "->" not in said:
                raise Unfit(f"kubectl does not forward to {namespace}/{pod}: {said or 'it ended'}")
            yield EchoControl("127.0.0.1", int(said.partition(" -> ")[0].rpartition(":")[2]))
        finally:
            process.terminate()


def _kubectl(*arguments: str, text: str | None = None) -> str:
    done = subprocess.run(["kubectl", *arguments], input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unfit(f"`kubectl {' '.join(arguments)}` failed: {done.stderr}")
    return done.stdout


def _list(objects: Sequence[Mapping[str, object]]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})


def _key(document: Mapping[str, object]) -> tuple[str, str]:
    return str(document["kind"]), json.dumps(document["metadata"], sort_keys=True)
