"""Objects of the store as documents: with the version by which a change says what it was made from."""

from __future__ import annotations

from collections.abc import Mapping

from souk_mesh.objects import AnyObject, Malformed, dump, parse
from souk_mesh.objects.parsing import FieldError

VERSION = "resourceVersion"


def document(thing: AnyObject) -> dict[str, object]:
    """Writes an object that is in the store; its version is a text, as in Kubernetes."""
    written = dump(thing)
    metadata = written["metadata"]
    assert isinstance(metadata, Mapping)
    return {**written, "metadata": {**metadata, VERSION: str(thing.metadata.resource_version)}}


def read(written: Mapping[str, object]) -> AnyObject:
    """Reads a document that was made from such a one.

    Raises:
        Malformed: it is no object, or does not say which version it was made from.
    """
    metadata = written.get("metadata")
    version = metadata.get(VERSION) if isinstance(metadata, Mapping) else None
    if not isinstance(version, str) or not version.isdecimal():
        raise Malformed((FieldError(("metadata", VERSION), "is required: the version that the change was made from"),))
    assert isinstance(metadata, Mapping)
    thing = parse({**written, "metadata": {name: value for name, value in metadata.items() if name != VERSION}})
    return thing.model_copy(
        update={"metadata": thing.metadata.model_copy(update={"resource_version": int(version)})},
    )
