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

    channels: Mapping[str, grpc.Channel]

    @classmethod
    def through(cls, mesh: Mesh) -> Calls:
        """Connects."""
        virtual = {pod["deployment"]: pod["virtual"] for pod in mesh.pods()}
        open_to = {}
        for rpc in rpcs():
            address = virtual[rpc.caller][f"{rpc.service}.souk.svc.cluster.local"]
            open_to[rpc.path] = grpc.insecure_channel(f"{address}:50051")
        return cls(open_to)

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


def outcome_of(error: grpc.RpcError) -> Outcome:
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
