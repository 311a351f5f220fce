"""Which requests and connections a VirtualService's route is for."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field, model_validator

from souk_mesh.objects.meta import Model, Port, at_most_one


class StringMatch(Model):
    """How a text is compared; with nothing set, any value will do as long as there is one."""

    exact: str | None = None
    prefix: str | None = Field(default=None, min_length=1)
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
