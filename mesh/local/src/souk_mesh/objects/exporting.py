"""Which namespaces an object is for (`exportTo`)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator

EVERYONE, OWN, NOBODY = "*", ".", "~"
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def _consistent(namespaces: tuple[str, ...]) -> tuple[str, ...]:
    for each in namespaces:
        if each not in (EVERYONE, OWN, NOBODY) and not _NAMESPACE.fullmatch(each):
            raise ValueError(f'"{each}" is no namespace; write a name, "." for this one or "*" for all')
    if len(set(namespaces)) < len(namespaces):
        raise ValueError("a namespace is listed twice")
    if len(namespaces) > 1 and {EVERYONE, NOBODY} & set(namespaces):
        raise ValueError('"*" and "~" stand alone')
    return namespaces


def _to_somebody(namespaces: tuple[str, ...]) -> tuple[str, ...]:
    if NOBODY in namespaces:
        raise ValueError('only a ServiceEntry or a Service can be exported to nobody ("~")')
    return namespaces


AnyoneOrNobody = Annotated[tuple[str, ...], AfterValidator(_consistent)]
"""Namespaces, of which there may be none at all (`~`); all of them when nothing is listed."""
Anyone = Annotated[AnyoneOrNobody, AfterValidator(_to_somebody)]
"""Namespaces; all of them when nothing is listed."""


def exported(to: Iterable[str], owner: str, namespace: str) -> bool:
    """Whether what stands in the namespace `owner` and is exported `to` these namespaces is for `namespace`."""
    listed = set(to) or {EVERYONE}
    return EVERYONE in listed or namespace in listed or (OWN in listed and owner == namespace)
