"""Checks the protos for what compiles but makes a bad REST API; a part of `make lint`."""

from __future__ import annotations

import sys
from pathlib import Path

from souk_gateway.descriptors import Api, load
from souk_gateway.lint.manners import manners
from souk_gateway.lint.problems import Found, Problem, listing
from souk_gateway.lint.serving import BINDING_RULES, METHOD_RULES, known_fields
from souk_gateway.lint.whole import error_details, size, unique
from souk_gateway.templates import MalformedTemplate

__all__ = ["Problem", "check", "error_details", "known_fields", "report", "unique"]


def report(path: Path, folder: str) -> int:
    """Checks a descriptor set, whose protos lie in a folder, and prints what is wrong; returns the exit code."""
    api = load(path)
    try:
        problems = list(check(api))
    except MalformedTemplate as error:
        problems = [Problem(error.where, f"a path can't be read: {error}", "see google/api/http.proto for the syntax")]
    places = listing(api, folder)
    for problem in problems:
        print(places.of(problem), file=sys.stderr)
    return 1 if problems else 0


def check(api: Api) -> Found:
    """Applies all rules."""
    for rule in (size, error_details, known_fields, unique, manners):
        yield from rule(api)
    for service in api.public_services:
        for method in service.methods:
            for method_rule in METHOD_RULES:
                yield from method_rule(method)
            for binding in method.bindings:
                for binding_rule in BINDING_RULES:
                    yield from binding_rule(method, binding)
