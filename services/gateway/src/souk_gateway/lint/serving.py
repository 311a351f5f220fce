"""Rules for what compiles but can't be served well by REST: each once cost somebody a day."""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from souk_gateway.descriptors import Api, Binding, Method, query_fields, resolve
from souk_gateway.lint.problems import Found, Problem, name
from souk_gateway.wellknown import WELL_KNOWN

_FREE_FORM = ("google.protobuf.Struct", "google.protobuf.Value", "google.protobuf.ListValue", "google.protobuf.Any")
_HTTP_BODY = "google.api.HttpBody"
_STATUS = "google.rpc.Status"
_INTEGERS = (
    FieldDescriptor.TYPE_INT32,
    FieldDescriptor.TYPE_INT64,
    FieldDescriptor.TYPE_UINT32,
    FieldDescriptor.TYPE_UINT64,
)


def known_fields(api: Api) -> Found:
    """What a binding names must be a field of the request."""
    for service in api.public_services:
        for method in service.methods:
            fix = f"name one of: {', '.join(method.request.fields_by_name)}"
            for binding in method.bindings:
                if binding.body not in ("", "*") and binding.body not in method.request.fields_by_name:
                    what = f"body {binding.body!r} is no field of {method.request.full_name}"
                    yield Problem(name(method), what, fix)
                for variable in binding.template.variables:
                    if resolve(method.request, variable.field) is None:
                        what = f"{{{variable.field}}} in {binding} is no field of {method.request.full_name}"
                        yield Problem(name(method), what, fix)


def _in_band_error(method: Method) -> Found:
    carries = any(
        field.message_type is not None and field.message_type.full_name == _STATUS for field in method.response.fields
    )
    if method.bindings and method.server_streaming and not carries and method.response.full_name != _HTTP_BODY:
        what = f"{method.response.full_name} can't carry an error: a REST client would take a broken stream for its end"
        yield Problem(name(method), what, "make it a oneof of what is sent and `google.rpc.Status error`")


def _no_client_stream(method: Method) -> Found:
    if method.client_streaming and any(binding.template.variables for binding in method.bindings):
        what = "only the first message of a client's stream would get what the path gives"
        yield Problem(name(method), what, "leave the fields to the messages, or don't serve it by REST")


def _response_body(method: Method, binding: Binding) -> Found:
    field = method.response.fields_by_name.get(binding.response_body)
    http_body = field is not None and field.message_type is not None and field.message_type.full_name == _HTTP_BODY
    if binding.response_body and not http_body:
        what = f"response_body {binding.response_body!r}: Envoy refuses its whole configuration"
        yield Problem(name(method), what, f"leave it out, or make the field a {_HTTP_BODY}")


def _body(method: Method, binding: Binding) -> Found:
    if binding.body and binding.verb in ("GET", "DELETE"):
        what = f"{binding} has a body, which proxies on the way may drop"
        yield Problem(name(method), what, "leave `body` out, or use POST with a verb such as `:search`")


def _path_fields(method: Method, binding: Binding) -> Found:
    for variable in binding.template.variables:
        fields = resolve(method.request, variable.field)
        if fields is None:
            continue
        if fields[-1].is_repeated or fields[-1].type not in (FieldDescriptor.TYPE_STRING, *_INTEGERS):
            what = f"{{{variable.field}}} in {binding} is neither a string nor a whole number"
            yield Problem(name(method), what, "bind a resource name to the path, and leave the field to query or body")


def _query(method: Method, binding: Binding) -> Found:
    for field in query_fields(method, binding):
        for path, reason in _unfit(field, (), field.name):
            fix = 'send it in the body (`body: "*"` with POST), or flatten it'
            yield Problem(name(method), f"{path} is a query parameter of {binding}, but {reason}", fix)


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


METHOD_RULES = (_in_band_error, _no_client_stream)
BINDING_RULES = (_response_body, _body, _path_fields, _query)
