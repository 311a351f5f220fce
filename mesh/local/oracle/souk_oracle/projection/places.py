"""Who is where: in a projection pods and Services have names in place of addresses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Places:
    """The addresses of a scene."""

    pods: Mapping[str, str]
    services: Mapping[str, str]
    """The full name of the Service by its address."""

    def name(self, address: str) -> str:
        """Whom an address belongs to; the address itself, if to nobody."""
        return self.services.get(address) or self.pods.get(address) or address

    def known(self, address: str) -> bool:
        """Whether an address is one of the scene's own."""
        return address in self.services or address in self.pods
