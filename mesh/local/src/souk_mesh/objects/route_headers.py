"""What a VirtualService does to the headers of requests and responses."""

from __future__ import annotations

from collections.abc import Mapping

from souk_mesh.objects.meta import Model


class HeaderOperations(Model):
    """`set` replaces what is there, `add` comes beside it."""

    set: Mapping[str, str] = {}
    add: Mapping[str, str] = {}
    remove: tuple[str, ...] = ()


class Headers(Model):
    """What is done on the way to the callee, and on the way back."""

    request: HeaderOperations = HeaderOperations()
    response: HeaderOperations = HeaderOperations()
