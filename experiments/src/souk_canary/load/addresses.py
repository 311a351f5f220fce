"""Where requests go on a local mesh: to addresses at which calls have the identity of a pod, or through a gateway."""

from __future__ import annotations

from souk_mesh.control.messages import StatusReply

from souk_canary.load.requests import Rest, Rpc


class NoWay(Exception):
    """A request can't be made as it is described; the text says what there is."""


def address(status: StatusReply, call: Rpc) -> str:
    """Where a pod of the caller calls the Service.

    Raises:
        NoWay: no such pod runs, or it sees no such Service.
    """
    pods = [pod for pod in status.pods if pod.workload == call.caller and pod.ready]
    if not pods:
        known = ", ".join(sorted({pod.workload for pod in status.pods}))
        raise NoWay(f"{call.rpc}: no pod of {call.caller} is ready\n  workloads: {known}")
    service, _, port = call.to.partition(":")
    for host, virtual in pods[0].virtual.items():
        if host.startswith(f"{service}.{pods[0].namespace}."):
            return f"{virtual}:{port}"
    known = ", ".join(sorted(host.partition(".")[0] for host in pods[0].virtual))
    raise NoWay(f"{call.rpc}: {call.caller} sees no Service {service}\n  it sees: {known}")


def url(status: StatusReply, request: Rest) -> str:
    """Where a request comes in.

    Raises:
        NoWay: the gateway is not bound on this machine.
    """
    for service in status.services:
        if service.name == request.through and service.urls:
            return service.urls[0]
    known = ", ".join(each.name for each in status.services if each.urls) or "none"
    raise NoWay(f"{request.path}: {request.through} takes nothing from outside\n  who does: {known}")
