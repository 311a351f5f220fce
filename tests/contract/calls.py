"""Calls every RPC with bytes, from a pod that may do so, and tells what came back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from tests.api import Rpc, rpcs
from tests.homes import Home, Place

# Longer than any service takes: who answers later hangs.
PATIENCE_SECONDS = 20


@dataclass(frozen=True)
class Outcome:
    """What a call came to."""

    code: grpc.StatusCode
    message: str = ""
    reason: str = ""
    domain: str = ""
    fields: Set[str] = frozenset()
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Calls:
    """A connection to each Service, as seen by a pod that may call it."""

    mesh_at: Mapping[str, Place]
    """For each path where a pod that may call it does so."""
    service_at: Mapping[str, Place]
    """For each path where the application itself listens, behind its sidecar."""
    channels: Mapping[str, grpc.Channel]

    def answer(self, rpc: Rpc, request: bytes, timeout: float = PATIENCE_SECONDS) -> Outcome:
        """Calls, and waits for the end. Of a stream, all messages count."""
        call = self.channels[rpc.path].unary_stream(rpc.path, request_serializer=bytes, response_deserializer=bytes)
        try:
            return Outcome(grpc.StatusCode.OK, body=b"".join(call(request, timeout=timeout)))
        except grpc.RpcError as error:
            return outcome_of(error)


@contextmanager
def connected(home: Home) -> Iterator[Calls]:
    """Connections that last as long as the pods do."""
    every = list(rpcs())
    names = {pod.deployment for pod in home.pods()}
    programs = {rpc.service: min(name for name in names if name.startswith(rpc.service)) for rpc in every}
    with ExitStack() as stack:
        seen = {caller: stack.enter_context(home.seen_by(caller)) for caller in sorted({rpc.caller for rpc in every})}
        applications = {
            service: stack.enter_context(home.behind_its_sidecar(name)) for service, name in programs.items()
        }
        mesh_at = {rpc.path: seen[rpc.caller][rpc.service] for rpc in every}
        channels = {place: stack.enter_context(place.channel()) for place in mesh_at.values()}
        yield Calls(
            mesh_at,
            {rpc.path: applications[rpc.service] for rpc in every},
            {path: channels[place] for path, place in mesh_at.items()},
        )


def outcome_of(error: Exception | None) -> Outcome:
    """What an error says, with its details."""
    assert isinstance(error, grpc.Call)
    status = rpc_status.from_call(error)
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details if status else ():
        for known in (info, bad):
            if detail.Is(known.DESCRIPTOR):
                detail.Unpack(known)
    fields = frozenset(violation.field for violation in bad.field_violations)
    return Outcome(error.code(), error.details() or "", info.reason, info.domain, fields)
