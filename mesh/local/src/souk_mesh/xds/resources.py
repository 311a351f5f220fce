"""What one proxy is to be told, as typed Envoy messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from google.protobuf.message import Message

_TYPE_PREFIX = "type.googleapis.com/envoy"


class Kind(StrEnum):
    """The kinds of xDS resources, in the order in which they must be sent: make before break."""

    CLUSTER = f"{_TYPE_PREFIX}.config.cluster.v3.Cluster"
    ENDPOINTS = f"{_TYPE_PREFIX}.config.endpoint.v3.ClusterLoadAssignment"
    SECRET = f"{_TYPE_PREFIX}.extensions.transport_sockets.tls.v3.Secret"
    LISTENER = f"{_TYPE_PREFIX}.config.listener.v3.Listener"
    ROUTES = f"{_TYPE_PREFIX}.config.route.v3.RouteConfiguration"


@dataclass(frozen=True)
class Resources:
    """Everything that one proxy is told: by kind, the messages by name."""

    by_kind: Mapping[Kind, Mapping[str, Message]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        *,
        clusters: Iterable[Message] = (),
        endpoints: Iterable[Message] = (),
        secrets: Iterable[Message] = (),
        listeners: Iterable[Message] = (),
        routes: Iterable[Message] = (),
    ) -> Resources:
        """Collects messages under their names."""
        return cls(
            {
                Kind.CLUSTER: _named(clusters),
                Kind.ENDPOINTS: _named(endpoints),
                Kind.SECRET: _named(secrets),
                Kind.LISTENER: _named(listeners),
                Kind.ROUTES: _named(routes),
            }
        )

    def of_kind(self, kind: Kind) -> Mapping[str, Message]:
        """The messages of one kind, by name."""
        return self.by_kind.get(kind, {})


def _named(messages: Iterable[Message]) -> dict[str, Message]:
    # A cluster load assignment calls its name `cluster_name`.
    return {str(getattr(message, "name", "") or getattr(message, "cluster_name", "")): message for message in messages}
