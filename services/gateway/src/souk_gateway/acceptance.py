"""What of a descriptor set, wherever it comes from, can be served; whether it is a good one is for `lint`."""

from __future__ import annotations

from pathlib import Path

from google.protobuf.message import DecodeError

from souk_gateway import lint
from souk_gateway.descriptors import Api, Refused, load
from souk_gateway.templates import MalformedTemplate


def accepted(path: Path) -> Api:
    """The public part of a descriptor set that can be served.

    Raises:
        Refused: it can't be read, or its services are in each other's way.
    """
    try:
        api = load(path)
        problems = [
            str(problem).replace("\n ", ":")
            for rule in (lint.known_fields, lint.unique, lint.error_details)
            for problem in rule(api)
        ]
        public = api.public()
        served = public.public_services
    # TypeError and KeyError: a file or a message that another one needs is not in it.
    except (OSError, DecodeError, MalformedTemplate, TypeError, KeyError) as error:
        raise Refused(f"{path}: can't be read as a descriptor set: {error}") from error
    if not served:
        raise Refused(f"{path}: no method in it has google.api.http, so there would be nothing to serve")
    if problems:
        raise Refused(f"{path}: " + "; ".join(str(problem).replace("\n ", ":") for problem in problems))
    return public
