"""Checks the descriptor set for what compiles but can't be served well by REST: each rule once cost somebody a day."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from souk_gateway.descriptors import Api, Binding, Method, load, query_fields, resolve
from souk_gateway.templates import MalformedTemplate
from souk_gateway.wellknown import WELL_KNOWN

MAX_SIZE = 900 * 1024
"""A ConfigMap holds 1 MiB, and the descriptor set must fit into one."""

_FREE_FORM = ("google.protobuf.Struct", "google.protobuf.Value", "google.protobuf.ListValue", "google.protobuf.Any")
_HTTP_BODY = "google.api.HttpBody"
_STATUS = "google.rpc.Status"
_ERROR_DETAILS = ("google.rpc.ErrorInfo", "google.rpc.BadRequest", "google.rpc.RetryInfo", "google.rpc.Status")
_INTEGERS = (
    FieldDescriptor.TYPE_INT32,
    FieldDescriptor.TYPE_INT64,
    FieldDescriptor.TYPE_UINT32,
    FieldDescriptor.TYPE_UINT64,
)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where, what, and what to do about it."""

    where: str
    what: str
    fix: str

    def __str__(self) -> str:
        return f"error: {self.where}: {self.what}\n  {self.fix}"


Found = Iterator[Problem]


def report(path: Path) -> int:
    """Checks a descriptor set and prints what is wrong with it; returns the exit code."""
    try:
        problems = list(check(load(path)))
    except MalformedTemplate as error:
        problems = [Problem(path.name, f"a path can't be read: {error}", "see google/api/http.proto for the syntax")]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def check(api: Api) -> Found:
    """Applies all rules."""
    yield from _size(api)
    yield from error_details(api)
    yield from unique(api)
    for service in api.public_services:
        for method in service.methods:
            if not method.bindings:
                fix = "give it one, or move it to a service of its own that is not public"
                yield Problem(_name(method), "has no google.api.http, though its service is public", fix)
            for rule in _METHOD_RULES:
                yield from rule(method)
            for binding in method.bindings:
                for binding_rule in _BINDING_RULES:
                    yield from binding_rule(method, binding)


def _size(api: Api) -> Found:
    size = len(api.serialized())
    if size > MAX_SIZE:
        what = f"{size:,} bytes, more than the {MAX_SIZE:,} that leave room in a ConfigMap"
        yield Problem("descriptor set", what, "import less, or give some services a gateway of their own")


def error_details(api: Api) -> Found:
    """The messages that errors carry must be known."""
    known = {f"{file.package}.{message.name}" for file in api.files for message in file.message_type}
    for name in _ERROR_DETAILS:
        if name not in known:
            what = f"{name} is missing: errors that carry it would reach REST clients with an empty body"
            yield Problem(
                "descriptor set", what, "compile google/rpc/error_details.proto and status.proto into it: `make protos`"
            )


def unique(api: Api) -> Found:
    """Two methods must not take the same calls: neither would get them."""
    taken: dict[tuple[str, str], Method] = {}
    for service in api.services:
        for method in service.methods:
            for binding in method.bindings:
                other = taken.setdefault((binding.verb, binding.template.shape), method)
                if other is not method:
                    what = f"{binding} takes the same calls as {_name(other)}: the gateway would answer 404 to both"
                    yield Problem(_name(method), what, "give one of them another path or verb")


def _in_band_error(method: Method) -> Found:
    carries = any(field.message_type is not None and field.message_type.full_name == _STATUS for field in _of(method))
    if method.bindings and method.server_streaming and not carries and method.response.full_name != _HTTP_BODY:
        what = f"{method.response.full_name} can't carry an error: a REST client would take a broken stream for its end"
        yield Problem(_name(method), what, "make it a oneof of what is sent and `google.rpc.Status error`")


def _no_client_stream(method: Method) -> Found:
    if method.client_streaming and any(binding.template.variables for binding in method.bindings):
        what = "only the first message of a client's stream would get what the path gives"
        yield Problem(_name(method), what, "leave the fields to the messages, or don't serve it by REST")


def _update_mask(method: Method) -> Found:
    mask = method.request.fields_by_name.get("update_mask")
    patched = any(binding.verb == "PATCH" for binding in method.bindings)
    if patched and (mask is None or mask.message_type is None):
        what = "PATCH without an update mask: a field that is left out can't be told from one that is emptied"
        yield Problem(_name(method), what, f"add `google.protobuf.FieldMask update_mask` to {method.request.full_name}")


def _response_body(method: Method, binding: Binding) -> Found:
    field = method.response.fields_by_name.get(binding.response_body)
    http_body = field is not None and field.message_type is not None and field.message_type.full_name == _HTTP_BODY
    if binding.response_body and not http_body:
        what = f"response_body {binding.response_body!r}: Envoy refuses its whole configuration"
        yield Problem(_name(method), what, f"leave it out, or make the field a {_HTTP_BODY}")


def _body(method: Method, binding: Binding) -> Found:
    if binding.body and binding.verb in ("GET", "DELETE"):
        what = f"{binding} has a body, which proxies on the way may drop"
        yield Problem(_name(method), what, "leave `body` out, or use POST with a verb such as `:search`")
    elif binding.body not in ("", "*") and binding.body not in method.request.fields_by_name:
        what = f"body {binding.body!r} is no field of {method.request.full_name}"
        yield Problem(_name(method), what, f"name one of: {', '.join(method.request.fields_by_name)}")


def _path_fields(method: Method, binding: Binding) -> Found:
    for variable in binding.template.variables:
        fields = resolve(method.request, variable.field)
        if fields is None:
            what = f"{{{variable.field}}} in {binding} is no field of {method.request.full_name}"
            yield Problem(_name(method), what, f"name one of: {', '.join(method.request.fields_by_name)}")
        elif fields[-1].is_repeated or fields[-1].type not in (FieldDescriptor.TYPE_STRING, *_INTEGERS):
            what = f"{{{variable.field}}} in {binding} is neither a string nor a whole number"
            yield Problem(_name(method), what, "bind a resource name to the path, and leave the field to query or body")


def _query(method: Method, binding: Binding) -> Found:
    for field in query_fields(method, binding):
        for path, reason in _unfit(field, (), field.name):
            fix = 'send it in the body (`body: "*"` with POST), or flatten it'
            yield Problem(_name(method), f"{path} is a query parameter of {binding}, but {reason}", fix)


def _unfit(field: FieldDescriptor, above: tuple[Descriptor, ...], path: str) -> Iterator[tuple[str, str]]:
    message = field.message_type
    if message is None:
        return
    if message.GetOptions().map_entry:
        yield path, "a map can't be one"
    elif message.full_name in _FREE_FORM:
        yield path, f"a {message.full_name} can't be one"
    elif message.full_name in WELL_KNOWN:
        return
    elif field.is_repeated:
        yield path, "a list of messages can't be one"
    elif message in above:
        yield path, f"{message.full_name} contains itself"
    else:
        for inner in message.fields:
            yield from _unfit(inner, (*above, message), f"{path}.{inner.name}")


def _of(method: Method) -> list[FieldDescriptor]:
    return list(method.response.fields)


def _name(method: Method) -> str:
    return f"{method.service}.{method.name}"


_METHOD_RULES: tuple[Callable[[Method], Found], ...] = (_in_band_error, _no_client_stream, _update_mask)
_BINDING_RULES: tuple[Callable[[Method, Binding], Found], ...] = (_response_body, _body, _path_fields, _query)
