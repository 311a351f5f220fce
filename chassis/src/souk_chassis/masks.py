"""Which fields an update means: its mask, held against the resource's proto."""

from collections.abc import Collection, Iterator
from typing import Any, TypeVar

from google.api import field_behavior_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from souk_chassis.errors import Violation, invalid

_KEPT = {field_behavior_pb2.OUTPUT_ONLY, field_behavior_pb2.IDENTIFIER}
Resource = TypeVar("Resource", bound=Message)


def editable(mask: FieldMask, resource: type[Message]) -> tuple[str, ...]:
    """The paths that a mask changes, `size` or `size.width`; every field that can be changed for no mask and for `*`.

    What only the service writes (OUTPUT_ONLY, IDENTIFIER, the etag) is passed over: whoever reads a resource, edits
    it and sends it back whole names that too.

    Raises:
        Refused: INVALID_ARGUMENT for `update_mask`, when it names what the resource does not have.
    """
    descriptor: Any = resource.DESCRIPTOR  # its stubs know two types of it
    free = tuple(field.name for field in descriptor.fields if not _kept(field))
    if not mask.paths or list(mask.paths) == ["*"]:
        return free
    unknown = sorted({path for path in mask.paths if not _leads_somewhere(path, descriptor)})
    if unknown:
        what = f"{', '.join(unknown)}: only {', '.join(free)} can be changed, or * for all of them"
        raise invalid(Violation("update_mask", what))
    wanted = FieldMask()
    wanted.CanonicalFormFromMask(mask)
    return tuple(path for path in wanted.paths if path.partition(".")[0] in free)


def merge(paths: Collection[str], source: Resource, target: Resource) -> None:
    """Writes what `source` has at these paths into `target`; what it doesn't have becomes empty."""
    whole = type(source)()
    whole.CopyFrom(source)
    for path in paths:
        # Merging stops at a message that is not there, and would leave what is below it as it was.
        for message in _above(path, whole):
            message.SetInParent()
    FieldMask(paths=paths).MergeMessage(whole, target, replace_message_field=True, replace_repeated_field=True)


def _kept(field: FieldDescriptor) -> bool:
    behaviours = field.GetOptions().Extensions[field_behavior_pb2.field_behavior]
    return field.name == "etag" or not _KEPT.isdisjoint(behaviours)


def _leads_somewhere(path: str, resource: Descriptor) -> bool:
    *above, last = path.split(".")
    here: Descriptor | None = resource
    for name in above:
        field = here.fields_by_name.get(name) if here is not None else None
        if field is None or field.is_repeated:
            return False
        here = field.message_type
    return here is not None and last in here.fields_by_name


def _above(path: str, message: Any) -> Iterator[Any]:  # noqa: ANN401 - of any type
    for name in path.split(".")[:-1]:
        message = getattr(message, name)
        yield message
