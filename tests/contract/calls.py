"""Calls every RPC with bytes, from a pod that may do so, and tells what came back."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from tests.api import Rpc, rpcs
from tests.mesh import Mesh

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

    mesh_at: Mapping[str, str]
    """For each path the address at which a pod that may call it does so."""
    service_at: Mapping[str, str]
    """For each path where the application itself listens, behind its sidecar."""
    channels: Mapping[str, grpc.Channel]

    @classmethod
    def through(cls, mesh: Mesh) -> Calls:
        """Connects."""
        pods = {pod["workload"]: pod for pod in mesh.pods()}
        every = list(rpcs())
        mesh_at = {
            rpc.path: f"{pods[rpc.caller]['virtual'][f'{rpc.service}.souk.svc.cluster.local']}:50051" for rpc in every
        }
        deployments = {rpc.path: next(name for name in pods if name.startswith(rpc.service)) for rpc in every}
        return cls(
            mesh_at,
            {path: f"{pods[deployment]['application']}:50051" for path, deployment in deployments.items()},
            {path: grpc.insecure_channel(address) for path, address in mesh_at.items()},
        )

    def answer(self, rpc: Rpc, request: bytes, timeout: float = PATIENCE_SECONDS) -> Outcome:
        """Calls, and waits for the end. Of a stream, all messages count."""
        call = self.channels[rpc.path].unary_stream(rpc.path, request_serializer=bytes, response_deserializer=bytes)
        try:
            return Outcome(grpc.StatusCode.OK, body=b"".join(call(request, timeout=timeout)))
        except grpc.RpcError as error:
            return outcome_of(error)

    def close(self) -> None:
        """Disconnects."""
        for channel in self.channels.values():
            channel.close()


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
