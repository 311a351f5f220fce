"""What Kubernetes lets nobody change in an object that exists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from souk_mesh.objects import AnyObject, Job, ObjectKey, StatefulSet
from souk_mesh.problems import Problem

OF_JOBS = ("completions", "template")
OF_STATEFUL_SETS = ("selector", "serviceName", "podManagementPolicy", "volumeClaimTemplates")


def forbidden(held: Mapping[ObjectKey, AnyObject], given: Mapping[ObjectKey, AnyObject]) -> Iterator[Problem]:
    """Lists the fields that differ from those of the objects that exist, and must not."""
    for key, wanted in given.items():
        for field in _changed(held.get(key), wanted):
            notes = ("give it another name, or remove it from the mesh first",)
            yield Problem(key, ("spec", field), "can't be changed in an object that exists", notes)


def _changed(before: AnyObject | None, wanted: AnyObject) -> Iterator[str]:
    fields: tuple[str, ...] = ()
    if isinstance(before, Job) and isinstance(wanted, Job):
        fields = OF_JOBS
    if isinstance(before, StatefulSet) and isinstance(wanted, StatefulSet):
        fields = OF_STATEFUL_SETS
    if fields and before is not None:
        old, new = (each.model_dump(by_alias=True)["spec"] for each in (before, wanted))
        yield from (field for field in fields if old[field] != new[field])
