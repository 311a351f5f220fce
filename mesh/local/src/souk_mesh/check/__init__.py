"""Checks that the objects of a mesh fit together, before anything is changed."""

from __future__ import annotations

from collections.abc import Iterable

from souk_mesh.check import (
    authorization,
    configuration,
    destinations,
    gateway_ports,
    gateways,
    injection,
    policies,
    routes,
    service_entries,
    services,
    sidecars,
    stateful_sets,
    tokens,
    workloads,
)
from souk_mesh.check.view import View
from souk_mesh.images import Images
from souk_mesh.objects import AnyObject, ObjectKey
from souk_mesh.problems import Problem

PARTS = (
    workloads.problems,
    injection.problems,
    configuration.problems,
    services.problems,
    stateful_sets.problems,
    service_entries.problems,
    destinations.problems,
    sidecars.problems,
    routes.problems,
    gateways.problems,
    gateway_ports.problems,
    policies.problems,
    authorization.problems,
    tokens.problems,
)


def check(objects: Iterable[AnyObject], images: Images) -> tuple[Problem, ...]:
    """Lists everything that is wrong between objects, errors and warnings."""
    given = tuple(objects)
    view = View(given, images)
    return (*_duplicates(given), *(problem for part in PARTS for problem in part(view)))


def _duplicates(objects: Iterable[AnyObject]) -> Iterable[Problem]:
    seen: set[ObjectKey] = set()
    for thing in objects:
        if thing.key in seen:
            yield Problem(thing.key, (), "is defined twice", ("remove or rename one of the two",))
        seen.add(thing.key)
