"""Keeps one current certificate per identity and renews it while the mesh runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from souk_mesh.identity.authority import LEAF_LIFETIME, Certificate, CertificateAuthority

# Renewal is due at half of a certificate's life, so looking every tenth of it is in time.
LOOKS_PER_LIFETIME = 10


class Identities:
    """The certificates of the mesh's service accounts."""

    def __init__(self, authority: CertificateAuthority, lifetime: timedelta = LEAF_LIFETIME) -> None:
        self._authority = authority
        self._lifetime = lifetime
        self._current: dict[str, Certificate] = {}

    @property
    def roots(self) -> bytes:
        """What every proxy trusts, as PEM."""
        return self._authority.roots

    def certificate(self, identity: str) -> Certificate:
        """The current certificate of `identity`; issued at the first call."""
        if identity not in self._current:
            self._current[identity] = self._authority.issue(identity, self._lifetime)
        return self._current[identity]

    def renew(self, now: datetime) -> frozenset[str]:
        """Replaces every certificate that is due at `now` and says whose."""
        due = frozenset(identity for identity, held in self._current.items() if held.renew_at <= now)
        for identity in due:
            self._current[identity] = self._authority.issue(identity, self._lifetime)
        return due

    def renew_all(self) -> int:
        """Replaces every certificate, due or not, and says how many that were."""
        for identity in self._current:
            self._current[identity] = self._authority.issue(identity, self._lifetime)
        return len(self._current)

    async def keep_fresh(self, changed: Callable[[], None]) -> None:
        """Renews until cancelled; calls `changed` whenever there is something new to hand out."""
        while True:
            await asyncio.sleep(self._lifetime.total_seconds() / LOOKS_PER_LIFETIME)
            if self.renew(datetime.now(UTC)):
                changed()
