"""What is done to the headers of requests and responses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from envoy.config.core.v3.base_pb2 import HeaderValueOption
from envoy.config.route.v3.route_components_pb2 import Route, WeightedCluster

from souk_mesh.objects import Headers


def change_headers(target: Route | WeightedCluster.ClusterWeight, headers: Headers) -> None:
    """Adds the operations to those of a route, or of one share of its requests."""
    request, response = headers.request, headers.response
    # In this order: what `add` says comes beside what `set` has put there.
    target.request_headers_to_add.extend(_options(request.set, HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD))
    target.request_headers_to_add.extend(_options(request.add, HeaderValueOption.APPEND_IF_EXISTS_OR_ADD))
    target.request_headers_to_remove.extend(_changeable(request.remove))
    target.response_headers_to_add.extend(_options(response.set, HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD))
    target.response_headers_to_add.extend(_options(response.add, HeaderValueOption.APPEND_IF_EXISTS_OR_ADD))
    target.response_headers_to_remove.extend(_changeable(response.remove))


def new_authority(headers: Headers) -> str:
    """The authority that requests are given by way of their headers; empty if they keep theirs."""
    for operations in (headers.request.set, headers.request.add):
        for name, value in operations.items():
            if is_authority(name):
                return value
    return ""


def is_authority(name: str) -> bool:
    """Whether a header's name means the authority of a request."""
    return name.lower() in (":authority", "host")


def _options(operations: Mapping[str, str], action: int) -> Iterator[HeaderValueOption]:
    for name in _changeable(sorted(operations)):
        option = HeaderValueOption(append_action=action)
        option.header.key, option.header.value = name, operations[name]
        yield option


def _changeable(names: Iterable[str]) -> list[str]:
    """Without those that Envoy does not let routes change: the authority is rewritten by other means."""
    return [name for name in names if not name.startswith(":") and name.lower() != "host"]
