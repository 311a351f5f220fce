"""The reasons for which calls are refused: a method's own, those of every service, and the gateway's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf import message_factory
from google.rpc import code_pb2

from souk_gateway.descriptors import Api, Binding, Method
from souk_gateway.parameters import condition
from souk_gateway.replies import REFUSALS

_PLATFORM = "souk.errors.v1.PlatformReason"
_REFUSAL = "souk.errors.v1.refusal"
_CODE = "souk.errors.v1.code"
# As Envoy's transcoder maps them.
_HTTP_STATUS = {
    "CANCELLED": "499",
    "INVALID_ARGUMENT": "400",
    "DEADLINE_EXCEEDED": "504",
    "NOT_FOUND": "404",
    "ALREADY_EXISTS": "409",
    "PERMISSION_DENIED": "403",
    "UNAUTHENTICATED": "401",
    "RESOURCE_EXHAUSTED": "429",
    "FAILED_PRECONDITION": "400",
    "ABORTED": "409",
    "OUT_OF_RANGE": "400",
    "UNIMPLEMENTED": "501",
    "UNAVAILABLE": "503",
}
_OTHERWISE = "500"
# What a platform-wide reason presupposes in the request. Without an entry it may come to any.
_PRESUPPOSED = {"INVALID_PAGE_TOKEN": "page_token", "REQUEST_ID_REUSED": "request_id"}


@dataclass(frozen=True)
class Reason:
    """One reason, and when a call is refused for it."""

    name: str
    status: str
    """Of HTTP."""
    when: str


@dataclass(frozen=True)
class Reasons:
    """Reads reasons out of a descriptor set; `comments` has the words for those of every service."""

    api: Api
    comments: Mapping[str, str]

    def of(self, method: Method, binding: Binding) -> Mapping[str, Sequence[Reason]]:
        """By status: a method's own reasons, and of the others those that have to do with what is sent."""
        found: dict[str, list[Reason]] = {}
        conditional = condition(method, binding) is not None
        for one in (*self.own(method), *self._presupposed(method), *_gateways(method, binding)):
            found.setdefault(one.status, []).append(one)
            if one.name == "ETAG_MISMATCH" and conditional:
                found.setdefault("412", []).append(Reason(one.name, "412", f"{one.when}, which `If-Match` names"))
        return found

    def own(self, method: Method) -> Iterator[Reason]:
        """What the method itself declares."""
        pool = self.api.pool
        if not self._are_declared:
            return
        kind: Any = message_factory.GetMessageClass(pool.FindMessageTypeByName("google.protobuf.MethodOptions"))
        described = pool.FindMethodByName(f"{method.service}.{method.name}")
        options = kind.FromString(described.GetOptions().SerializeToString())
        for one in options.Extensions[pool.FindExtensionByName(_REFUSAL)]:
            yield Reason(one.reason, http_status(one.code), one.when)

    def general(self) -> Iterator[Reason]:
        """What may come to any call: from every service, and from the gateway."""
        yield from (one for one in self.platform() if one.name not in _PRESUPPOSED)
        yield from (Reason(one.reason, str(one.status), _WHEN[one.reason]) for one in REFUSALS)

    def platform(self) -> Iterator[Reason]:
        """What every service has."""
        pool = self.api.pool
        if not self._are_declared:
            return
        kind: Any = message_factory.GetMessageClass(pool.FindMessageTypeByName("google.protobuf.EnumValueOptions"))
        for value in pool.FindEnumTypeByName(_PLATFORM).values[1:]:
            options = kind.FromString(value.GetOptions().SerializeToString())
            code = options.Extensions[pool.FindExtensionByName(_CODE)]
            when = self.comments.get(f"{_PLATFORM}.{value.name}", "").removesuffix(".")
            yield Reason(value.name, http_status(code), f"{when[:1].lower()}{when[1:]}")

    def _presupposed(self, method: Method) -> Iterator[Reason]:
        for one in self.platform():
            presupposed = _PRESUPPOSED.get(one.name)
            if one.name == "INVALID_ARGUMENT" or presupposed in method.request.fields_by_name:
                yield one

    @property
    def _are_declared(self) -> bool:
        return any(file.package == _PLATFORM.rpartition(".")[0] for file in self.api.files)


def http_status(code: int) -> str:
    """What a status of gRPC becomes in HTTP."""
    return _HTTP_STATUS.get(code_pb2.Code.Name(code), _OTHERWISE)


_WHEN = {
    "MALFORMED_REQUEST": "path, query or headers can't be read",
    "OVERRIDING_PARAMETER": "a query parameter says what path or body say",
    "MALFORMED_JSON": "the body is no JSON",
    "UNKNOWN_FIELD": "the body has a field that the method doesn't know",
    "DUPLICATE_FIELD": "the body has a field twice",
    "WRONG_TYPE": "a value of the body is not of its field's type",
    "BODY_TOO_DEEP": "the body is nested too deeply",
    "NOTHING_TO_CHANGE": "neither body nor `updateMask` names a field that can be changed",
    "UNEXPECTED_BODY": "there is a body, which this call doesn't take",
    "FORBIDDEN": "the mesh lets nobody from outside call this",
    "NO_SUCH_METHOD": "nothing answers to this path",
    "METHOD_NOT_ALLOWED": "the path takes other verbs",
    "REQUEST_TIMEOUT": "the request took too long to arrive",
    "REQUEST_TOO_LARGE": "the body is larger than 1 MiB",
    "UNSUPPORTED_MEDIA_TYPE": "the body is no `application/json`",
    "UNSUPPORTED_ENCODING": "the body is encoded otherwise than by gzip",
    "MALFORMED_ENCODING": "the body is not what `content-encoding` says",
    "UNSUPPORTED_TRANSFER_ENCODING": "the body is transferred otherwise than by length or in chunks",
    "UPGRADE_REQUIRED": "the protocol is not spoken here",
    "TOO_MANY_REQUESTS": "the gateway is asked too much",
    "HEADERS_TOO_LARGE": "the headers are too large",
    "GATEWAY_FAILED": "the gateway has failed",
    "BAD_BACKEND": "a service has given an answer that can't be read",
    "BACKEND_UNAVAILABLE": "a service can't be reached",
    "BACKEND_TIMEOUT": "a service took too long",
}
"""What the gateway itself refuses: by `replies.py`, or in `lua/`."""
_OF_ALL = ("MALFORMED_REQUEST", "OVERRIDING_PARAMETER")
_OF_BODIES = ("MALFORMED_JSON", "UNKNOWN_FIELD", "DUPLICATE_FIELD", "WRONG_TYPE", "BODY_TOO_DEEP", "MALFORMED_ENCODING")
# By status, what has one of its own.
_OF_BODIES_BESIDES = {"413": ("REQUEST_TOO_LARGE",), "415": ("UNSUPPORTED_MEDIA_TYPE", "UNSUPPORTED_ENCODING")}


def _gateways(method: Method, binding: Binding) -> Iterator[Reason]:
    """What the gateway refuses of this call."""
    names = list(_OF_ALL)
    if binding.body:
        names += _OF_BODIES
        for status, others in _OF_BODIES_BESIDES.items():
            yield from (Reason(name, status, _WHEN[name]) for name in others)
    elif binding.verb != "GET":
        names.append("UNEXPECTED_BODY")
    if binding.verb == "PATCH" and "update_mask" in method.request.fields_by_name:
        names.append("NOTHING_TO_CHANGE")
    yield from (Reason(name, "400", _WHEN[name]) for name in names)


def gateways() -> frozenset[str]:
    """The names of all reasons that the gateway has of its own."""
    return frozenset(_WHEN)
