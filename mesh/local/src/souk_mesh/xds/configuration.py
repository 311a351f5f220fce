"""The objects that proxies depend on, sorted and indexed for translation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from souk_mesh.objects import (
    AuthorizationPolicy,
    DestinationRule,
    Gateway,
    Object,
    PeerAuthentication,
    RequestAuthentication,
    Secret,
    Service,
    ServiceEntry,
    Sidecar,
    StatefulSet,
    VirtualService,
)
from souk_mesh.objects.entry_services import as_services
from souk_mesh.objects.pod_services import pod_services
from souk_mesh.topology import ServiceKey

ROOT_NAMESPACE = "istio-system"
"""Where policies stand that hold for the whole mesh."""

_Kind = TypeVar("_Kind", bound=Object)


@dataclass(frozen=True)
class Configuration:
    """What the store holds, as far as it concerns proxies; of each kind the oldest first, since the oldest wins."""

    services: Mapping[ServiceKey, Service] = field(default_factory=dict)
    """What can be called; the hosts of ServiceEntries among them, as Services."""
    entries: Mapping[ServiceKey, ServiceEntry] = field(default_factory=dict)
    """Where such a host comes from."""
    virtual_services: tuple[VirtualService, ...] = ()
    destination_rules: tuple[DestinationRule, ...] = ()
    peer_authentications: tuple[PeerAuthentication, ...] = ()
    authorization_policies: tuple[AuthorizationPolicy, ...] = ()
    request_authentications: tuple[RequestAuthentication, ...] = ()
    gateways: tuple[Gateway, ...] = ()
    secrets: Mapping[tuple[str, str], Secret] = field(default_factory=dict, repr=False)
    """By namespace and name."""
    sidecars: tuple[Sidecar, ...] = ()

    @classmethod
    def of(cls, objects: Iterable[Object]) -> Configuration:
        """Picks what concerns proxies out of all objects."""
        ordered = sorted(objects, key=_age)
        services: dict[ServiceKey, Service] = {}
        for service in sorted(_only(ordered, Service), key=lambda service: service.key):
            services[ServiceKey(service.metadata.namespace, service.metadata.name)] = service
        for service in pod_services(tuple(services.values()), _only(ordered, StatefulSet)):
            services[ServiceKey(service.metadata.namespace, service.metadata.name)] = service
        entries: dict[ServiceKey, ServiceEntry] = {}
        for entry in _only(ordered, ServiceEntry):
            for service in as_services(entry):
                key = ServiceKey(service.metadata.namespace, service.metadata.name)
                services.setdefault(key, service)
                entries.setdefault(key, entry)
        return cls(
            services=services,
            entries=entries,
            virtual_services=_only(ordered, VirtualService),
            destination_rules=_only(ordered, DestinationRule),
            peer_authentications=_only(ordered, PeerAuthentication),
            authorization_policies=_only(ordered, AuthorizationPolicy),
            request_authentications=_only(ordered, RequestAuthentication),
            gateways=_only(ordered, Gateway),
            secrets={(each.metadata.namespace, each.metadata.name): each for each in _only(ordered, Secret)},
            sidecars=_only(ordered, Sidecar),
        )


def _age(item: Object) -> tuple[datetime, str, str]:
    created = item.metadata.creation_timestamp or datetime.max.replace(tzinfo=UTC)
    return (created, item.metadata.name, item.metadata.namespace)


def _only(objects: Iterable[Object], kind: type[_Kind]) -> tuple[_Kind, ...]:
    return tuple(each for each in objects if isinstance(each, kind))
