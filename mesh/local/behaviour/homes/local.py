"""The local mesh: a real `souk up` in a folder of its own."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from behaviour.case import HomeName
from behaviour.homes import Place, Unfit
from behaviour.homes.control import EchoControl
from behaviour.homes.outside import outsider
from souk_mesh.control import methods
from souk_mesh.control.client import ControlClient, ControlError
from souk_mesh.control.messages import ApplyRequest, GetRequest, Nothing, PodReport
from souk_mesh.objects import AnyObject, Deployment, Service, contains, dump
from souk_mesh.objects.parsing import KINDS
from souk_mesh.objects.stored import read
from souk_mesh.state import StateDir

WORLD = Path(__file__).parents[1] / "world"
SOUK = Path(sys.executable).with_name("souk")
SETTLING = 10.0
OUTSIDE = "outside"


class Local:
    """Holds objects by the same order that `souk up` gives, without a new process for each case."""

    name: HomeName = "local"
    # Every proxy has acknowledged what holds, but a pooled connection may carry one more request under an old rule.
    patience = 5.0

    def __init__(self, client: ControlClient, outside: EchoControl) -> None:
        self._client = client
        self._outside = outside
        self._world = tuple(_objects(client))
        self._pods = self._look()

    def hold(self, objects: Sequence[Mapping[str, object]]) -> None:
        """Makes these the only objects besides the world's, and waits until every proxy has acknowledged them."""
        documents = (*map(dump, self._world), *objects)
        try:
            self._client.ask(methods.APPLY, ApplyRequest(name="case", documents=documents, whole=True, port=None))
        except ControlError as error:
            raise Unfit(f"the local mesh refuses the objects: {error}") from error
        deadline = time.monotonic() + SETTLING
        while waiting := self._client.ask(methods.PROGRESS, Nothing()).waiting_for:
            if time.monotonic() > deadline:
                raise Unfit(f"not settled after {SETTLING:g} s: {', '.join(waiting)}")
            time.sleep(0.01)
        self._pods = self._look()

    def tell(self, pod: str, place: Place, order: Mapping[str, object]) -> list[dict[str, Any]]:
        """Has a pod call the address that a name has for it: what the rewriting of its YAML would give it."""
        if pod == OUTSIDE:
            return self._outside.carry_out({**order, "address": self._pod_behind(place.host).address})
        caller = self._pod(pod)
        if place.host not in caller.virtual:
            raise Unfit(f"{place.host} has no address in pod {pod}; there are: {', '.join(sorted(caller.virtual))}")
        return EchoControl(caller.application).carry_out({**order, "address": caller.virtual[place.host]})

    def arrivals(self, call: str) -> Mapping[str, int]:
        """How often a call has arrived, by Deployment."""
        return {pod.workload: EchoControl(pod.application).arrivals(call) for pod in self._pods if pod.application}

    def _look(self) -> tuple[PodReport, ...]:
        return self._client.ask(methods.STATUS, Nothing()).pods

    def _pod(self, name: str) -> PodReport:
        namespace, _, deployment = name.rpartition("/")
        for each in self._pods:
            if (each.namespace, each.workload) == (namespace or "shop", deployment):
                return each
        raise Unfit(f"there is no pod of a Deployment {name}")

    def _pod_behind(self, host: str) -> PodReport:
        """A pod of a Service, as a cluster would pick one for a caller without a sidecar."""
        name, namespace, *_ = host.split(".")
        for service in self._world:
            if isinstance(service, Service) and (service.metadata.name, service.metadata.namespace) == (
                name,
                namespace,
            ):
                behind = [
                    f"{namespace}/{each.metadata.name}"
                    for each in self._world
                    if isinstance(each, Deployment)
                    and each.metadata.namespace == namespace
                    and contains(each.spec.template.metadata.labels, service.spec.selector)
                ]
                return self._pod(random.choice(behind))
        raise Unfit(f"{host} is no Service, and {OUTSIDE} there is no sidecar that knows more")


@contextmanager
def local(folder: Path) -> Iterator[Local]:
    """Starts the world in a mesh of its own, and ends it."""
    environment = {**os.environ, "SOUK_HOME": str(folder), "SOUK_IMAGES": str(WORLD / "images.toml")}
    try:
        subprocess.run([SOUK, "up", "-k", WORLD / "shop"], env=environment, check=True, capture_output=True, text=True)
        with (
            ControlClient(StateDir(folder).control_socket) as client,
            outsider(WORLD, _free_address(client)) as outside,
        ):
            yield Local(client, outside)
    except subprocess.CalledProcessError as error:
        raise Unfit(f"`souk up` failed: {error.stderr}") from error
    finally:
        subprocess.run([SOUK, "down", "--purge"], env=environment, check=False, capture_output=True)


def _objects(client: ControlClient) -> Iterator[AnyObject]:
    for kind in sorted({kind for _, kind in KINDS}):
        for document in client.ask(methods.GET, GetRequest(kind=kind, name=None, namespace=None)).objects:
            yield read(document)


def _free_address(client: ControlClient) -> str:
    """An address of the mesh's own range that no pod can have."""
    network, octet, *_ = client.ask(methods.STATUS, Nothing()).pods[0].address.split(".")
    return f"{network}.{octet}.255.1"
