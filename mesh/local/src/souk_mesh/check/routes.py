"""VirtualServices and Gateways: hosts, destinations, weights, retries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus

from souk_mesh.check.view import LOWEST_PORT, View, full_name, unknown_host
from souk_mesh.objects import Destination, Gateway, HTTPMatchRequest, HTTPRetry, HTTPRoute, StringMatch, VirtualService
from souk_mesh.objects.parsing import Steps
from souk_mesh.problems import Problem, Severity

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
LOOK_AROUND = re.compile(r"\(\?(<?[=!])|\\[1-9]")
"""What Python's expressions have and RE2, which Envoy uses, has not."""
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


def problems(view: View) -> Iterator[Problem]:
    """Lists what is wrong with each VirtualService and Gateway."""
    owners: dict[str, VirtualService] = {}
    for service in view.objects.list(VirtualService):
        yield from _hosts(view, service, owners)
        yield from _gateways(view, service)
        for index, route in enumerate(service.spec.http):
            yield from _route(view, service, ("spec", "http", index), route)
            if not route.match and index + 1 < len(service.spec.http):
                notes = ("a route without match takes everything: put it last",)
                yield Problem(service.key, ("spec", "http", index + 1), "is never reached", notes, Severity.WARNING)
    for gateway in view.objects.list(Gateway):
        yield from _gateway(view, gateway)


def _hosts(view: View, service: VirtualService, owners: dict[str, VirtualService]) -> Iterator[Problem]:
    if "mesh" not in service.spec.gateways:
        return
    for index, host in enumerate(service.spec.hosts):
        name = full_name(host, service.metadata.namespace)
        if name not in view.services and not host.startswith("*"):
            notes = unknown_host(view, host, service.metadata.namespace)
            yield Problem(service.key, ("spec", "hosts", index), f'"{host}" is no Service', notes)
        if owners.setdefault(name, service) is not service:
            notes = (f"{owners[name].key} has it too; Istio takes the older of the two", "put both into one")
            yield Problem(service.key, ("spec", "hosts", index), f'"{host}" is routed twice', notes)


def _gateways(view: View, service: VirtualService) -> Iterator[Problem]:
    for index, reference in enumerate(service.spec.gateways):
        namespace, _, name = reference.rpartition("/")
        if reference != "mesh" and view.objects.get(Gateway, namespace or service.metadata.namespace, name) is None:
            known = ", ".join(f"{each.metadata.namespace}/{each.metadata.name}" for each in view.objects.list(Gateway))
            notes = (f"Gateways: {known or 'none'}", 'the sidecars are called "mesh"')
            yield Problem(service.key, ("spec", "gateways", index), f'"{reference}" is not defined', notes)


def _route(view: View, service: VirtualService, steps: Steps, route: HTTPRoute) -> Iterator[Problem]:
    weights = [each.weight for each in route.route]
    if len(weights) > 1 and sum(weights) == 0:
        notes = ("give at least one destination a weight",)
        yield Problem(service.key, (*steps, "route"), "has several destinations whose weights add up to 0", notes)
    for index, each in enumerate(route.route):
        yield from _destination(view, service, (*steps, "route", index, "destination"), each.destination)
    if route.retries is not None:
        yield from _retries(service, (*steps, "retries"), route.retries)
    for index, match in enumerate(route.match):
        yield from _match(service, (*steps, "match", index), match)
    abort = route.fault.abort if route.fault is not None else None
    if abort is not None and abort.grpc_status is not None and abort.grpc_status not in GRPC_STATUS:
        where = (*steps, "fault", "abort", "grpcStatus")
        yield Problem(service.key, where, f'"{abort.grpc_status}" is no gRPC status', ("write it like UNAVAILABLE",))


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
    if retries.attempts == 0 and (retries.retry_on or retries.per_try_timeout):
        notes = ("attempts: 0 turns retries off: leave the rest out, or set attempts",)
        yield Problem(service.key, (*steps, "attempts"), "is 0, but there is more about retries", notes)


def _known(word: str) -> bool:
    return word in RETRY_ON or word in STATUSES


def _match(service: VirtualService, steps: Steps, match: HTTPMatchRequest) -> Iterator[Problem]:
    texts: dict[Steps, StringMatch | None] = {
        ("uri",): match.uri,
        ("scheme",): match.scheme,
        ("method",): match.method,
        ("authority",): match.authority,
        **{("headers", name): text for name, text in match.headers.items()},
        **{("withoutHeaders", name): text for name, text in match.without_headers.items()},
        **{("queryParams", name): text for name, text in match.query_params.items()},
    }
    for where, text in texts.items():
        if text is None or text.regex in (None, "*"):
            continue
        mistake = _mistake(text.regex or "")
        if mistake:
            yield Problem(service.key, (*steps, *where, "regex"), f'"{text.regex}" is no regular expression: {mistake}')


def _mistake(regex: str) -> str:
    if LOOK_AROUND.search(regex):
        return "RE2 has neither look-around nor references"
    try:
        re.compile(regex)
    except re.error as failure:
        return str(failure)
    return ""


def _gateway(view: View, gateway: Gateway) -> Iterator[Problem]:
    # Istio lets a Gateway choose pods of any namespace.
    if not gateway.spec.selector or not view.pods(gateway.spec.selector, None):
        shown = ", ".join(f"{name}={value}" for name, value in gateway.spec.selector.items())
        notes = ("name labels of the pods of an ingress Deployment",)
        yield Problem(gateway.key, ("spec", "selector"), f"({shown}) selects no pods", notes)
    for index, server in enumerate(gateway.spec.servers):
        if server.port.number < LOWEST_PORT:
            notes = (f"the local mesh has no privileges: take a port from {LOWEST_PORT}",)
            where: Steps = ("spec", "servers", index, "port", "number")
            yield Problem(gateway.key, where, f"{server.port.number} is a privileged port", notes)
