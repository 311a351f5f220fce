"""Everything that can be called, to be found by host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from souk_mesh.objects import Service
from souk_mesh.topology import ServiceKey


class Registry:
    """Everything that can be called, to be found by host."""

    def __init__(self, services: Mapping[ServiceKey, Service], entries: Iterable[ServiceKey]) -> None:
        self.services = services
        self.entries = frozenset(entries)
        """Which of them stand in a ServiceEntry."""
        self.by_host: dict[str, list[ServiceKey]] = {}
        for key in services:
            self.by_host.setdefault(key.host, []).append(key)

    def best(self, keys: Iterable[ServiceKey], namespace: str) -> ServiceKey | None:
        """Of Services with one host: the one of the caller's namespace, else a Kubernetes Service, else the first."""
        chosen: ServiceKey | None = None
        for key in keys:
            if key.namespace == namespace:
                return key
            if chosen is None or (chosen in self.entries and key not in self.entries):
                chosen = key
        return chosen
