"""What a request meets before it comes in: is its token valid, is it denied, is it allowed?

Listeners only name these filters. Their configurations are resources of their own (ECDS), so that a change holds from
the next request on, also of connections that are open: changed filters in a listener would have to wait until those
are drained.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from envoy.config.core.v3 import config_source_pb2
from envoy.config.core.v3.extension_pb2 import TypedExtensionConfig
from envoy.extensions.filters.http.jwt_authn.v3.config_pb2 import JwtAuthentication
from envoy.extensions.filters.http.rbac.v3.rbac_pb2 import RBAC
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import HttpFilter

from souk_mesh.objects import AuthorizationPolicy, RequestAuthentication
from souk_mesh.xds.authorization import guards
from souk_mesh.xds.protos import from_ads, packed
from souk_mesh.xds.request_authentication import jwt_authentication
from souk_mesh.xds.view import Protocol

_FILTERS = {"jwt": JwtAuthentication, "deny": RBAC, "allow": RBAC}
"""The filters in their order, and what configures them."""


@dataclass(frozen=True)
class Guarded:
    """Where requests come in, and what their guards are made from."""

    place: str
    """What sets it apart from others of the same proxy."""
    policies: tuple[AuthorizationPolicy, ...]
    tokens: tuple[RequestAuthentication, ...]
    before_routing: bool = False
    """Whether claims shall have a say in the choice of the route."""


def guard_filters(place: str) -> Iterator[HttpFilter]:
    """The filters of a connection manager."""
    for name, configuration in _FILTERS.items():
        source = config_source_pb2.ExtensionConfigSource(
            config_source=from_ads(), type_urls=[f"type.googleapis.com/{configuration.DESCRIPTOR.full_name}"]
        )
        yield HttpFilter(name=f"{place}|{name}", config_discovery=source)


def guard_configurations(given: Guarded) -> Iterator[TypedExtensionConfig]:
    """What they go by: a filter that nobody asks anything of lets everything pass."""
    rules = guards(given.policies, Protocol.HTTP1)
    configurations = {
        "jwt": jwt_authentication(given.tokens, before_routing=given.before_routing),
        "deny": RBAC(rules=rules.deny),
        "allow": RBAC(rules=rules.allow),
    }
    for name, configuration in configurations.items():
        yield TypedExtensionConfig(name=f"{given.place}|{name}", typed_config=packed(configuration))
