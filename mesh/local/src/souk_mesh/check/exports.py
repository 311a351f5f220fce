"""What is exported, and to whom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from souk_mesh.objects import ObjectKey
from souk_mesh.objects.exporting import OWN
from souk_mesh.problems import Problem


def exports(key: ObjectKey, to: Sequence[str]) -> Iterator[Problem]:
    """Refuses what Istio refuses: the own namespace twice, once by its name and once as `.`."""
    if OWN in to and key.namespace in to:
        notes = (f'"." is {key.namespace}: write one of the two',)
        yield Problem(key, ("spec", "exportTo"), "lists the own namespace twice", notes)
