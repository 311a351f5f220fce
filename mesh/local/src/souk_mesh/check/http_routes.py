"""The routes of VirtualServices: what Istio refuses of them, and what leads nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from http import HTTPStatus

from souk_mesh.check.default_ports import default_port_problem
from souk_mesh.check.expressions import groups_of, mistake_in
from souk_mesh.check.matches import expression_problem, header_name_problem, match_problems
from souk_mesh.check.view import View, full_name, unknown_host
from souk_mesh.objects import Destination, HTTPRetry, HTTPRoute, TCPRoute, VirtualService
from souk_mesh.objects.parsing import Steps
from souk_mesh.objects.route_answers import RegexRewrite
from souk_mesh.objects.route_policies import CorsPolicy
from souk_mesh.problems import Problem

RETRY_ON = frozenset(
    {
        "5xx",
        "gateway-error",
        "reset",
        "reset-before-request",
        "connect-failure",
        "envoy-ratelimited",
        "retriable-4xx",
        "refused-stream",
        "retriable-status-codes",
        "retriable-headers",
        "http3-post-connect-failure",
        "cancelled",
        "deadline-exceeded",
        "internal",
        "resource-exhausted",
        "unavailable",
    }
)
"""What Envoy knows to retry on, for HTTP and for gRPC; a number is an HTTP status."""
STATUSES = frozenset(str(status.value) for status in HTTPStatus)
# Written out: to import grpc for it takes a fifth of the time of `souk check`.
GRPC_STATUS = frozenset(
    {
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    }
)


def http_route_problems(view: View, service: VirtualService, steps: Steps, route: HTTPRoute) -> Iterator[Problem]:
    """Lists what is wrong with one HTTP route."""
    yield from _shares(service, (*steps, "route"), [each.weight for each in route.route])
    for where, destination in _destinations(steps, route):
        yield from _destination(view, service, where, destination)
        if (target := view.service(destination.host, service.metadata.namespace)) is not None:
            yield from default_port_problem(view, service, where, destination, target)
    for index, match in enumerate(route.match):
        yield from match_problems(service, (*steps, "match", index), match)
    if route.retries is not None:
        yield from _retries(service, (*steps, "retries"), route.retries)
    if route.rewrite is not None and route.rewrite.uri_regex_rewrite is not None:
        yield from _regex_rewrite(service, (*steps, "rewrite", "uriRegexRewrite"), route.rewrite.uri_regex_rewrite)
    if route.cors_policy is not None:
        yield from _cors(service, (*steps, "corsPolicy"), route.cors_policy)
    yield from _fault(service, (*steps, "fault"), route)
    yield from _redirect(service, steps, route)


def tcp_route_problems(view: View, service: VirtualService, steps: Steps, route: TCPRoute) -> Iterator[Problem]:
    """Lists what is wrong with one TCP route."""
    yield from _shares(service, (*steps, "route"), [each.weight for each in route.route])
    for index, share in enumerate(route.route):
        yield from _destination(view, service, (*steps, "route", index, "destination"), share.destination)


def _destinations(steps: Steps, route: HTTPRoute) -> Iterator[tuple[Steps, Destination]]:
    for index, share in enumerate(route.route):
        yield (*steps, "route", index, "destination"), share.destination
    for index, copy in enumerate(route.mirrors):
        yield (*steps, "mirrors", index, "destination"), copy.destination
    if route.mirror is not None:
        yield (*steps, "mirror"), route.mirror


def _shares(service: VirtualService, steps: Steps, weights: Sequence[int]) -> Iterator[Problem]:
    if len(weights) > 1 and sum(weights) == 0:
        notes = ("give at least one destination a weight",)
        yield Problem(service.key, steps, "has several destinations whose weights add up to 0", notes)


def _destination(view: View, service: VirtualService, steps: Steps, destination: Destination) -> Iterator[Problem]:
    target = view.service(destination.host, service.metadata.namespace)
    if target is None:
        notes = unknown_host(view, destination.host, service.metadata.namespace)
        yield Problem(service.key, (*steps, "host"), f'"{destination.host}" is no Service', notes)
        return
    ports = [each.port for each in target.spec.ports]
    if destination.port is not None and destination.port.number not in ports:
        notes = (f"its ports are: {', '.join(map(str, ports))}",)
        where = (*steps, "port", "number")
        yield Problem(service.key, where, f"{destination.port.number} is no port of {target.key}", notes)
    rules = view.rules(full_name(destination.host, service.metadata.namespace))
    defined = [subset.name for rule in rules for subset in rule.spec.subsets]
    if destination.subset and destination.subset not in defined:
        if rules:
            known = f"{rules[0].key} defines: {', '.join(defined) or 'none'}"
            notes = (known, "add the subset there, or route to one of these")
        else:
            notes = (f"there is no DestinationRule for {destination.host}", "add one that defines the subset")
        yield Problem(service.key, (*steps, "subset"), f'"{destination.subset}" is not defined', notes)


def _retries(service: VirtualService, steps: Steps, retries: HTTPRetry) -> Iterator[Problem]:
    # Istio does not strip blanks: "reset, unavailable" is refused.
    unknown = [word for word in retries.retry_on.split(",") if retries.retry_on and not _known(word)]
    if unknown:
        notes = (f"known are: {', '.join(sorted(RETRY_ON))}, and HTTP statuses",)
        shown = ", ".join(f'"{word}"' for word in unknown)
        yield Problem(service.key, (*steps, "retryOn"), f"has unknown conditions: {shown}", notes)
    more = retries.retry_on or retries.per_try_timeout or retries.retry_remote_localities is not None
    if retries.attempts == 0 and more:
        notes = ("attempts: 0 turns retries off: leave the rest out, or set attempts",)
        yield Problem(service.key, (*steps, "attempts"), "is 0, but there is more about retries", notes)


def _known(word: str) -> bool:
    return word in RETRY_ON or word in STATUSES


def _regex_rewrite(service: VirtualService, steps: Steps, rewrite: RegexRewrite) -> Iterator[Problem]:
    yield from expression_problem(service, (*steps, "match"), rewrite.match)
    if mistake_in(rewrite.match):
        return
    groups = groups_of(rewrite.match)
    for reference in re.findall(r"\\(.?)", rewrite.rewrite):
        if reference != "\\" and not (reference.isdecimal() and int(reference) <= groups):
            notes = (f"the expression has {groups} groups; a backslash itself is written twice",)
            yield Problem(service.key, (*steps, "rewrite"), f'names a group "\\{reference}" that is not there', notes)


def _cors(service: VirtualService, steps: Steps, policy: CorsPolicy) -> Iterator[Problem]:
    for index, origin in enumerate(policy.allow_origins):
        where: Steps = (*steps, "allowOrigins", index)
        if not (origin.exact or origin.prefix or origin.regex):
            yield Problem(
                service.key, where, "says nothing", ('write exact, prefix or regex; `regex: ".*"` is everybody',)
            )
        elif origin.regex:
            yield from expression_problem(service, (*where, "regex"), origin.regex)
    for field, names in (("allowHeaders", policy.allow_headers), ("exposeHeaders", policy.expose_headers)):
        for index, name in enumerate(names):
            yield from header_name_problem(service, (*steps, field, index), name)


def _fault(service: VirtualService, steps: Steps, route: HTTPRoute) -> Iterator[Problem]:
    abort = route.fault.abort if route.fault is not None else None
    if abort is not None and abort.grpc_status is not None and abort.grpc_status not in GRPC_STATUS:
        where = (*steps, "abort", "grpcStatus")
        yield Problem(service.key, where, f'"{abort.grpc_status}" is no gRPC status', ("write it like UNAVAILABLE",))


def _redirect(service: VirtualService, steps: Steps, route: HTTPRoute) -> Iterator[Problem]:
    if route.redirect is None or not route.redirect.prefix_rewrite:
        return
    for index, match in enumerate(route.match):
        if match.uri is not None and match.uri.prefix is None:
            notes = ("match the path by prefix, or redirect by uri",)
            where = (*steps, "match", index, "uri")
            yield Problem(service.key, where, "is no prefix, which redirect.prefixRewrite would replace", notes)
