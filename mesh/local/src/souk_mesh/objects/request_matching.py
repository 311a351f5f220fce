"""Which requests and connections a VirtualService's route is for."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import Field, model_validator

from souk_mesh.objects.meta import Model, Port, at_most_one


class StringMatch(Model):
    """How a text is compared; with nothing set, any value will do as long as there is one."""

    exact: str | None = None
    prefix: str | None = None
    regex: str | None = Field(default=None, min_length=1, max_length=1024)

    @model_validator(mode="after")
    def _one(self) -> StringMatch:
        at_most_one(self, "exact", "prefix", "regex")
        return self


class HTTPMatchRequest(Model):
    """Conditions that a request must all meet."""

    name: str = ""
    uri: StringMatch | None = None
    ignore_uri_case: bool = False
    scheme: StringMatch | None = None
    method: StringMatch | None = None
    authority: StringMatch | None = None
    headers: Mapping[str, StringMatch] = {}
    without_headers: Mapping[str, StringMatch] = {}
    query_params: Mapping[str, StringMatch] = {}
    port: Port | None = None
    source_labels: Mapping[str, str] = {}
    source_namespace: str = ""
    gateways: tuple[str, ...] = ()
    stat_prefix: str = ""


CLAIM = re.compile(r"@request\.auth\.claims(?:\.(?P<dotted>.+)|\[(?P<bracketed>.+)\])", re.IGNORECASE)
"""In the place of a header's name: a claim of the caller's token."""


def routing_claim(name: str) -> tuple[str, ...]:
    """The way to the claim that a header's name means, `@request.auth.claims[a][b]` or `….a.b`; empty for a header."""
    found = CLAIM.fullmatch(name)
    if found is None:
        return ()
    dotted, bracketed = found["dotted"], found["bracketed"]
    return tuple(dotted.split(".") if dotted else bracketed.split("]["))


class L4MatchAttributes(Model):
    """Conditions that a connection must all meet; all are on the caller, so that they are settled beforehand."""

    port: Port | None = None
    source_labels: Mapping[str, str] = {}
    source_namespace: str = ""
    gateways: tuple[str, ...] = ()
