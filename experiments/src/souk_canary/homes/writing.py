"""What an experiment may write on an object, as a JSON patch: weights and its own annotations, nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from souk_canary.homes import Document, HomeError

OURS = "canary.souk.dev/"
"""What the names of an experiment's annotations begin with."""

MANAGER = "souk-canary"
"""The name under which the API server notes what an experiment wrote."""

Operation = Mapping[str, object]
"""A line of a JSON patch (RFC 6902)."""

# The API server sets these; that they differ says nothing about what somebody wanted to write.
_OF_THE_SERVER = {"resourceVersion", "generation", "managedFields", "uid", "creationTimestamp"}


def patch(stored: Document, wanted: Document) -> Sequence[Operation]:
    """What turns one into the other, on condition that it is still stored as it was read; empty when nothing does.

    Raises:
        HomeError: it would write more than an experiment may.
    """
    operations = [*_annotations(stored, wanted), *_routes(stored, wanted)]
    foreign = sorted({*_differences(_without_ours(stored), _without_ours(wanted))})
    if foreign:
        raise HomeError(f"an experiment writes weights and annotations {OURS}…, and this would change {foreign[0]}")
    return [unchanged(wanted), *operations] if operations else []


def unchanged(document: Document) -> Operation:
    """The condition that an object is as it was read.

    A `test` of the version would do too, but fails as an invalid request; this fails as the conflict that it is.
    """
    version = _mapping(document["metadata"])["resourceVersion"]
    return {"op": "replace", "path": "/metadata/resourceVersion", "value": version}


def disowned(document: Document) -> Sequence[Operation]:
    """What takes an experiment out of the list of those who own an object's fields; empty when it is not in it."""
    entries = _mapping(document["metadata"]).get("managedFields", ())
    ours = [place for place, entry in enumerate(entries) if entry.get("manager") == MANAGER]
    removals = [{"op": "remove", "path": f"/metadata/managedFields/{place}"} for place in reversed(ours)]
    return [unchanged(document), *removals] if removals else []


def _annotations(stored: Document, wanted: Document) -> Iterator[Operation]:
    before, after = _annotations_of(stored), _annotations_of(wanted)
    ours = sorted(name for name in {*before, *after} if name.startswith(OURS) and before.get(name) != after.get(name))
    if ours and not before:
        yield {"op": "add", "path": "/metadata/annotations", "value": {}}
    for name in ours:
        path = f"/metadata/annotations/{name.replace('~', '~0').replace('/', '~1')}"
        yield {"op": "add", "path": path, "value": after[name]} if name in after else {"op": "remove", "path": path}


def _routes(stored: Document, wanted: Document) -> Iterator[Operation]:
    for place, (before, after) in enumerate(zip(_http(stored), _http(wanted), strict=False)):
        olds, news = before.get("route", []), after.get("route", [])
        if [_unweighted(each) for each in olds] != [_unweighted(each) for each in news]:
            # A version that was not there before, or is no longer: the list as a whole.
            yield {"op": "replace", "path": f"/spec/http/{place}/route", "value": news}
            continue
        for number, (old, new) in enumerate(zip(olds, news, strict=True)):
            path = f"/spec/http/{place}/route/{number}/weight"
            if "weight" in new and new["weight"] != old.get("weight"):
                yield {"op": "add", "path": path, "value": new["weight"]}
            elif "weight" in old and "weight" not in new:
                yield {"op": "remove", "path": path}


def _without_ours(document: Document) -> Mapping[str, Any]:
    metadata = {name: value for name, value in _mapping(document["metadata"]).items() if name not in _OF_THE_SERVER}
    metadata["annotations"] = {
        name: text for name, text in _annotations_of(document).items() if not name.startswith(OURS)
    }
    spec = dict(_mapping(document.get("spec", {})))
    if "http" in spec:
        spec["http"] = [{name: value for name, value in route.items() if name != "route"} for route in spec["http"]]
    return {**document, "metadata": metadata, "spec": spec}


def _differences(before: object, after: object, path: str = "") -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in {*before, *after}:
            yield from _differences(before.get(name), after.get(name), f"{path}.{name}" if path else name)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _differences(old, new, f"{path}[{place}]")
    elif before != after:
        yield path


def _annotations_of(document: Document) -> Mapping[str, str]:
    return _mapping(document["metadata"]).get("annotations") or {}


def _http(document: Document) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = _mapping(document.get("spec", {})).get("http", ())
    return found


def _unweighted(destination: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in destination.items() if name != "weight"}


def _mapping(value: object) -> Mapping[str, Any]:
    assert isinstance(value, Mapping), "an object's metadata and spec are mappings"
    return value
