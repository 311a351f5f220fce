"""The one error that rules raise, and what it looks like on the wire: `google.rpc.Status` with details."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import grpc
from google.protobuf import any_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

DOMAIN = "souk.dev"

# Clients take trailers of 8 KiB. A message goes there twice: as text with three characters for a byte that is not
# ASCII, and within the details, whose four characters stand for three bytes. These make 7 KiB of it at the most.
_MESSAGE_BYTES = 1000
_VIOLATION_BYTES = 400
_VIOLATIONS_BYTES = 1600


@dataclass(frozen=True)
class Violation:
    """One field of a request that breaks a rule."""

    field: str
    description: str


class Refused(Exception):
    """A call that is answered with an error. `reason` is for programs (UPPER_SNAKE), `message` for people.

    Clients see all of it: put nothing into it that they must not know.
    """

    def __init__(
        self,
        reason: str,
        message: str,
        *,
        code: grpc.StatusCode = grpc.StatusCode.FAILED_PRECONDITION,
        metadata: Mapping[str, str] | None = None,
        violations: Sequence[Violation] = (),
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = message
        self.code = code
        self.metadata = dict(metadata or {})
        self.violations = tuple(violations)
        self.retry_after = retry_after


def invalid(*violations: Violation) -> Refused:
    """INVALID_ARGUMENT, naming each field that breaks a rule, and how."""
    message = "; ".join(f"{each.field or 'the request'}: {each.description}" for each in violations)
    return Refused("INVALID_ARGUMENT", message, code=grpc.StatusCode.INVALID_ARGUMENT, violations=violations)


def to_status(refused: Refused) -> status_pb2.Status:
    """The wire form: ErrorInfo always, BadRequest and RetryInfo where they apply. Long texts and lists are cut off."""
    details: list[any_pb2.Any] = []
    info = error_details_pb2.ErrorInfo(reason=refused.reason, domain=DOMAIN, metadata=refused.metadata)
    details.append(_packed(info))
    if refused.violations:
        bad = error_details_pb2.BadRequest()
        for violation in refused.violations:
            description = _short(violation.description, _VIOLATION_BYTES)
            bad.field_violations.add(field=violation.field, description=description)
            if bad.ByteSize() > _VIOLATIONS_BYTES:
                break
        details.append(_packed(bad))
    if refused.retry_after is not None:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromTimedelta(refused.retry_after)
        details.append(_packed(retry))
    number, _ = refused.code.value
    return status_pb2.Status(code=number, message=_short(refused.message, _MESSAGE_BYTES), details=details)


def refusal(error: grpc.RpcError) -> Refused:
    """What a peer answered, as a `Refused`. The reason is empty when the answer carries no ErrorInfo.

    That is so for what a proxy or the transport says: nobody there (UNAVAILABLE), too late (DEADLINE_EXCEEDED).
    """
    if not isinstance(error, grpc.Call):
        return Refused("", str(error), code=grpc.StatusCode.UNKNOWN)
    code, message = error.code(), error.details() or ""
    try:
        status = rpc_status.from_call(error)
    except ValueError:  # the details contradict the code, as when a proxy changed one of them
        status = None
    info, bad, retry = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
    for detail in status.details if status else ():
        for known in (info, bad, retry):
            if detail.Is(known.DESCRIPTOR):
                detail.Unpack(known)
    return Refused(
        info.reason,
        message,
        code=code,
        metadata=info.metadata,
        violations=[Violation(each.field, each.description) for each in bad.field_violations],
        retry_after=retry.retry_delay.ToTimedelta() if retry.HasField("retry_delay") else None,
    )


def _short(text: str, limit: int) -> str:
    encoded = text.encode()
    return text if len(encoded) <= limit else f"{encoded[:limit].decode(errors='ignore')}…"


def _packed(message: Message) -> any_pb2.Any:
    detail = any_pb2.Any()
    detail.Pack(message)
    return detail
