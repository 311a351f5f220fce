"""`souk up` and `souk apply`: build, check, start, apply, wait."""

from __future__ import annotations

import time
from enum import Enum

from souk_mesh.cli import daemon
from souk_mesh.cli.context import ask, running
from souk_mesh.cli.failures import Failed
from souk_mesh.cli.overlays import fitting
from souk_mesh.cli.tables import megabytes, print_pods
from souk_mesh.cli.waiting import wait
from souk_mesh.control import methods
from souk_mesh.control.client import ControlClient
from souk_mesh.control.messages import ApplyReply, ApplyRequest, GetRequest, Nothing, StatusReply
from souk_mesh.objects import AnyObject, Service, dump, stored
from souk_mesh.objects.parsing import KINDS
from souk_mesh.overlays.kustomize import Building
from souk_mesh.overlays.loading import Overlay
from souk_mesh.ports import exposures, holder, taken
from souk_mesh.state import StateDir


class _Scope(Enum):
    """Whether an overlay is all that there should be."""

    WHOLE = "whole"
    PART = "part"


def up(
    building: Building, folder: StateDir, starting: daemon.Starting | None, port: int | None, timeout: float | None
) -> None:
    """Makes the mesh that runs, or is just `starting`, be what the overlay says.

    Raises:
        Failed: the overlay has mistakes, a port is taken, or the pods do not become ready.
    """
    begun = time.monotonic()
    overlay = _checked(building, starting, port)
    if starting is not None:
        starting.wait()
    with running(folder) as client:
        reply = ask(client, methods.APPLY, _request(overlay, port, _Scope.WHOLE))
        if timeout is not None:
            wait(client, timeout)
        status = ask(client, methods.STATUS, Nothing())
    took = time.monotonic() - begun
    if starting is None and not (reply.created or reply.changed or reply.removed):
        print(f"{overlay.name} is already running and unchanged: nothing to do")
    elif starting is None:
        _print_changes(reply)
    _print_summary(status, took)


def apply(building: Building, folder: StateDir, timeout: float | None) -> None:
    """Adds an overlay's objects to the running mesh, or changes those that it has.

    Raises:
        Failed: the overlay has mistakes, no mesh runs, or the pods do not become ready.
    """
    with running(folder) as client:
        overlay = fitting(building, beside=_held(client))
        reply = ask(client, methods.APPLY, _request(overlay, None, _Scope.PART))
        if timeout is not None:
            wait(client, timeout)
    _print_changes(reply)


def _checked(building: Building, starting: daemon.Starting | None, port: int | None) -> Overlay:
    if starting is None:
        return fitting(building)
    try:
        overlay = fitting(building)
        _refuse_taken_ports(overlay, port)
    except BaseException:
        starting.give_up()
        raise
    return overlay


def _held(client: ControlClient) -> tuple[AnyObject, ...]:
    """The objects of the running mesh."""
    replies = [
        ask(client, methods.GET, GetRequest(kind=kind, name=None, namespace=None))
        for kind in sorted({kind for _, kind in KINDS})
    ]
    return tuple(stored.read(document) for reply in replies for document in reply.objects)


def _request(overlay: Overlay, port: int | None, scope: _Scope) -> ApplyRequest:
    documents = tuple(dump(each) for each in overlay.objects)
    return ApplyRequest(name=overlay.name, documents=documents, whole=scope is _Scope.WHOLE, port=port)


def _refuse_taken_ports(overlay: Overlay, port: int | None) -> None:
    services = [each for each in overlay.objects if isinstance(each, Service)]
    for each in exposures(services, port):
        if (by := holder(each.bound)) is not None:
            raise Failed(taken(each.bound, by))


def _print_changes(reply: ApplyReply) -> None:
    for what, keys in (("created", reply.created), ("changed", reply.changed), ("removed", reply.removed)):
        for key in keys:
            print(f"{what} {key}")
    if not (reply.created or reply.changed or reply.removed):
        print(f"nothing to do: all {reply.unchanged} objects are as they should be")


def _print_summary(status: StatusReply, took: float) -> None:
    print_pods(status)
    ready = sum(pod.ready for pod in status.pods)
    memory = sum(pod.memory for pod in status.pods) + status.memory
    print(f"{ready} of {len(status.pods)} pods ready in {took:.1f} s, {megabytes(memory)} in all")
    for service in status.services:
        for url in service.urls:
            print(f"{service.name}: {url}")
