"""The note that an experiment leaves on the VirtualService while it runs, so that others can undo it if it dies.

It is an annotation: it travels with the weights in one write, and `kubectl apply` of the manifest keeps it.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from souk_canary.homes import Document

ANNOTATION = "canary.souk.dev/lease"


class Lease(BaseModel):
    """Who experiments with an object, until when, and what is to be put back."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    holder: str
    """The run: unlike any other's."""
    host: str
    pid: int
    """Where it runs, so that whoever is there can see whether it still does."""
    service: str
    until: AwareDatetime
    """Past this the holder is dead, unless it renewed."""
    before: Mapping[str, int]
    """The weights to put back."""
    written: Mapping[str, int]
    """The weights that the experiment set. Others in their place are somebody's own, and are left alone."""

    def left(self, now: datetime) -> float:
        """Seconds until it expires; below zero when it has."""
        return (self.until - now).total_seconds()


class BrokenLease(Exception):
    """What stands in the annotation is no lease; the text says where."""


def read(document: Document) -> Lease | None:
    """The lease on an object, if there is one.

    Raises:
        BrokenLease: somebody wrote something else there.
    """
    text = _annotations(document).get(ANNOTATION)
    if text is None:
        return None
    try:
        return Lease.model_validate_json(text)
    except ValidationError as error:
        raise BrokenLease(
            f"annotation {ANNOTATION} holds no lease of an experiment: {text!r}\n  remove it, and check the weights"
        ) from error


def with_lease(document: Document, lease: Lease | None) -> Document:
    """The document with this lease, or without any."""
    changed = copy.deepcopy(dict(document))
    metadata: dict[str, Any] = changed["metadata"]  # type: ignore[assignment] # it is an object's metadata
    others = {name: text for name, text in _annotations(document).items() if name != ANNOTATION}
    if lease is not None:
        others[ANNOTATION] = lease.model_dump_json()
    if others:
        metadata["annotations"] = others
    else:
        metadata.pop("annotations", None)
    return changed


def _annotations(document: Document) -> Mapping[str, str]:
    metadata = document["metadata"]
    assert isinstance(metadata, Mapping), "an object has metadata"
    return metadata.get("annotations") or {}
