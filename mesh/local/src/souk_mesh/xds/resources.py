"""What one proxy is to be told, as typed Envoy messages and as the bytes that are sent."""

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
    EXTENSION = f"{_TYPE_PREFIX}.config.core.v3.TypedExtensionConfig"
    """The configuration of a filter that a listener names."""
    ROUTES = f"{_TYPE_PREFIX}.config.route.v3.RouteConfiguration"
    RUNTIME = f"{_TYPE_PREFIX}.service.runtime.v3.Runtime"


@dataclass(frozen=True)
class Resource:
    """One message, serialised once for all proxies that are told the same; the message itself is not kept."""

    name: str
    body: bytes = field(repr=False)
    """Equal exactly when the messages are."""
    type: type[Message] = field(compare=False, repr=False)

    @classmethod
    def of(cls, message: Message) -> Resource:
        """Serialises a message, under the name that it carries."""
        # A cluster load assignment calls its name `cluster_name`.
        name = str(getattr(message, "name", "") or getattr(message, "cluster_name", ""))
        return cls(name, message.SerializeToString(deterministic=True), type(message))

    @property
    def message(self) -> Message:
        """The message, read again."""
        return self.type.FromString(self.body)


ByName = Mapping[str, Resource]


def named(resources: Iterable[Resource]) -> ByName:
    """Resources by their names."""
    return {each.name: each for each in resources}


@dataclass(frozen=True)
class Resources:
    """Everything that one proxy is told."""

    by_kind: Mapping[Kind, ByName] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        *,
        clusters: Iterable[Message] = (),
        endpoints: Iterable[Message] = (),
        secrets: Iterable[Message] = (),
        listeners: Iterable[Message] = (),
        extensions: Iterable[Message] = (),
        routes: Iterable[Message] = (),
        runtime: Iterable[Message] = (),
    ) -> Resources:
        """Collects messages under their names."""
        messages = (clusters, endpoints, secrets, listeners, extensions, routes, runtime)
        return cls({kind: named(map(Resource.of, each)) for kind, each in zip(Kind, messages, strict=True)})

    def resources(self, kind: Kind) -> ByName:
        """The resources of one kind, by name."""
        return self.by_kind.get(kind, {})

    def of_kind(self, kind: Kind) -> Mapping[str, Message]:
        """The messages of one kind, by name."""
        return {name: each.message for name, each in self.resources(kind).items()}
