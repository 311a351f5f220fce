"""Rules for what users of a REST API expect of every resource, as the AIPs have it."""

from __future__ import annotations

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from souk_gateway.descriptors import Api, Method
from souk_gateway.lint.problems import Found, Problem, name

_READS = ("Get", "List", "BatchGet", "Search", "Watch")
_MASK = "google.protobuf.FieldMask"
_TEXT, _NUMBER = FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_INT32


def manners(api: Api) -> Found:
    """Applies all of them to the public services."""
    for service in api.public_services:
        updated = {method.response.full_name for method in service.methods if _updates(method)}
        for method in service.methods:
            yield from _http(method)
            yield from _update(method)
            yield from _deletion(method, updated)
            yield from _request_id(method)
            yield from _pages(method)


def _http(method: Method) -> Found:
    if not method.bindings:
        fix = "give it one, or move it to a service of its own that is not public"
        yield Problem(name(method), "has no google.api.http, though its service is public", fix)


def _update(method: Method) -> Found:
    mask = method.request.fields_by_name.get("update_mask")
    masked = mask is not None and mask.message_type is not None and mask.message_type.full_name == _MASK
    if _patched(method) and not masked:
        what = "PATCH without an update mask: a field that is left out can't be told from one that is emptied"
        yield Problem(name(method), what, f"add `{_MASK} update_mask` to {method.request.full_name}")
    if method.name.startswith("Update") and method.bindings and not _patched(method):
        what = "an update that is no PATCH: a client that knows fewer fields than you would empty the others"
        yield Problem(name(method), what, "bind it with `patch` and the resource as `body`")
    if _updates(method) and not _has(method.response, "etag", _TEXT):
        what = f"{method.response.full_name} can be updated, but has no etag: of two who change it one is overwritten"
        yield Problem(name(method), what, f"add `string etag` to {method.response.full_name}")


def _deletion(method: Method, updated: set[str]) -> Found:
    kind = method.name.removeprefix("Delete")
    deletes = kind != method.name and kind in {resource.rpartition(".")[2] for resource in updated}
    if deletes and not _has(method.request, "etag", _TEXT):
        what = f"deletes a {kind} that somebody may just have changed: it can't be made conditional"
        yield Problem(name(method), what, f"add `string etag` to {method.request.full_name}")


def _request_id(method: Method) -> Found:
    changes = any(binding.verb != "GET" for binding in method.bindings) and not method.name.startswith(_READS)
    if changes and not method.client_streaming and not _has(method.request, "request_id", _TEXT):
        what = "changes something, but can't be repeated safely when its answer is lost"
        yield Problem(name(method), what, f"add `string request_id` to {method.request.full_name}")


def _pages(method: Method) -> Found:
    if not method.name.startswith("List") or method.server_streaming:
        return
    wanted = {
        "page_size": (method.request, _NUMBER, "int32"),
        "page_token": (method.request, _TEXT, "string"),
        "next_page_token": (method.response, _TEXT, "string"),
    }
    for field, (message, kind, word) in wanted.items():
        if not _has(message, field, kind):
            what = f"a list without {field}: it grows until it fits into no answer"
            yield Problem(name(method), what, f"add `{word} {field}` to {message.full_name}")


def _updates(method: Method) -> bool:
    return method.name.startswith("Update") or _patched(method)


def _patched(method: Method) -> bool:
    return any(binding.verb == "PATCH" for binding in method.bindings)


def _has(message: Descriptor, field: str, kind: int) -> bool:
    found = message.fields_by_name.get(field)
    return found is not None and found.type == kind and not found.is_repeated
