"""Turns the names of Services and the mount paths that a container is given into what they are on this machine.

Only whole tokens are touched, and every change is listed. Values are to be expanded (`$(NAME)`) before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from souk_mesh.topology import ServiceKey

OPENING = frozenset(" \t\n\r=,;:@\"'`([{<|")
"""What may stand before a token; `:` for gRPC's `dns:host:port` and for search paths."""
CLOSING = frozenset(" \t\n\r,;\"'`)]}>|/?#&")
"""What may stand after a token."""
_NAME = re.compile(
    r"(?P<name>[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)"
    r"(?:\.(?P<namespace>[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)(?:\.svc(?:\.cluster\.local)?)?)?"
    r":(?P<port>[1-9][0-9]{0,4})(?![0-9])"
)
_HOST = re.compile(
    r"(?P<host>[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+):(?P<port>[1-9][0-9]{0,4})(?![0-9])"
)
_EMPTY_AUTHORITY = re.compile(r"(?:^|[^a-z0-9+.-])(?P<scheme>[a-z][a-z0-9+.-]*):(?P<slashes>/+)$")


@dataclass(frozen=True)
class Target:
    """A Service, a pod with a name or a host of a ServiceEntry, as one pod reaches it."""

    address: str
    ports: Mapping[int, int]
    """Its ports, and where the pod's sidecar listens for them."""


@dataclass(frozen=True)
class Rewrite:
    """One token that was changed, for `souk status`."""

    where: str
    before: str
    after: str


@dataclass(frozen=True)
class Rewriter:
    """What one container's names and paths become."""

    namespace: str
    services: Mapping[ServiceKey, Target]
    hosts: Mapping[str, Target]
    """Those of ServiceEntries, and names of pods."""
    mounts: Mapping[str, str]
    """Mount path in the container → folder on this machine."""

    def rewrite(self, text: str, where: str) -> tuple[str, tuple[Rewrite, ...]]:
        """Rewrites one value of an environment variable, argument or part of a command."""
        result, rewrites, position = "", [], 0
        while position < len(text):
            found = self._service_at(text, position) or self._path_at(text, position)
            if found is None:
                result += text[position]
                position += 1
                continue
            before, after = found
            rewrites.append(Rewrite(where, before, after))
            result += after
            position += len(before)
        return result, tuple(rewrites)

    def _service_at(self, text: str, position: int) -> tuple[str, str] | None:
        if not _opens_name(text, position):
            return None
        found = _NAME.match(text, position)
        if found is not None:
            key = ServiceKey(found["namespace"] or self.namespace, found["name"])
            if key in self.services:
                return _reached(text, found, self.services[key])
        named = _HOST.match(text, position)
        return _reached(text, named, self.hosts[named["host"]]) if named and named["host"] in self.hosts else None

    def _path_at(self, text: str, position: int) -> tuple[str, str] | None:
        if text[position] != "/" or not _opens_path(text, position):
            return None
        for path in sorted(self.mounts, key=len, reverse=True):
            mount = path.rstrip("/")
            end = position + len(mount)
            if text.startswith(mount, position) and (_closes(text, end) or text[end] == ":"):
                return mount, self.mounts[path]
        return None


def _reached(text: str, found: re.Match[str], target: Target) -> tuple[str, str] | None:
    port = int(found["port"])
    if not _closes(text, found.end()) or port not in target.ports:
        return None
    return found[0], f"{target.address}:{target.ports[port]}"


def _opens_name(text: str, position: int) -> bool:
    if position == 0 or text[position - 1] in OPENING:
        return True
    # After a single slash it is a part of a path, or an image; after two it is where a URL names its host.
    return text.endswith("//", 0, position)


def _opens_path(text: str, position: int) -> bool:
    if position == 0 or text[position - 1] in OPENING:
        # `scheme://` is no path, and neither is what `host:port` ends.
        return not text.startswith("//", position)
    url = _EMPTY_AUTHORITY.search(text[:position])
    if url is None:
        return False
    # SQLAlchemy reads `sqlite:///data` as a relative path and `sqlite:////data` as an absolute one.
    return len(url["slashes"]) == (3 if url["scheme"].startswith("sqlite") else 2)


def _closes(text: str, end: int) -> bool:
    return end == len(text) or text[end] in CLOSING
