"""Rules that no method can keep or break alone."""

from __future__ import annotations

from itertools import combinations

from souk_gateway.descriptors import Api, Binding, Method
from souk_gateway.lint.problems import Found, Problem, name
from souk_gateway.templates import ONE, REST

MAX_SIZE = 900 * 1024
"""A ConfigMap holds 1 MiB, and the descriptor set must fit into one."""

_ERROR_DETAILS = ("google.rpc.ErrorInfo", "google.rpc.BadRequest", "google.rpc.RetryInfo", "google.rpc.Status")
_ANY_VERB = "*"


def size(api: Api) -> Found:
    """The descriptor set must fit into a ConfigMap."""
    total = len(api.serialized())
    if total > MAX_SIZE:
        what = f"{total:,} bytes, more than the {MAX_SIZE:,} that leave room in a ConfigMap"
        yield Problem("descriptor set", what, "import less, or give some services a gateway of their own")


def error_details(api: Api) -> Found:
    """The messages that errors carry must be known."""
    known = {f"{file.package}.{message.name}" for file in api.files for message in file.message_type}
    for detail in _ERROR_DETAILS:
        if detail not in known:
            what = f"{detail} is missing: errors that carry it would reach REST clients with an empty body"
            fix = "compile google/rpc/error_details.proto and status.proto into it: `make protos`"
            yield Problem("descriptor set", what, fix)


def unique(api: Api) -> Found:
    """No call may fit two bindings: the transcoder takes neither, or not the one that the route before it took."""
    bound = [(method, binding) for service in api.services for method in service.methods for binding in method.bindings]
    for (method, binding), (later, other) in combinations(bound, 2):
        if _ANY_VERB not in (binding.verb, other.verb) and binding.verb != other.verb:
            continue
        if _overlap(binding, other):
            yield Problem(name(later), _clash(other, binding, method), "give one of them another path or verb")


def _clash(binding: Binding, other: Binding, method: Method) -> str:
    if binding.template.shape == other.template.shape:
        return f"{binding} takes the same calls as {name(method)}: the gateway would answer 404 to both"
    return f"{binding} takes some of the calls of {name(method)} at {other}: one hides what the other names"


def _overlap(one: Binding, other: Binding) -> bool:
    return one.template.verb == other.template.verb and _meet(one.template.segments, other.template.segments)


def _meet(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    for mine, theirs in zip(one, other, strict=False):
        if REST in (mine, theirs):
            return True
        if mine != theirs and ONE not in (mine, theirs):
            return False
    return len(one) == len(other)
