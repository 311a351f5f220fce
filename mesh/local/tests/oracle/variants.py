"""Every message that differs from a given one in a single place."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, NamedTuple, TypeVar

from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from souk_oracle.projection.plain import unpacked

_Message = TypeVar("_Message", bound=Message)


class Variant(NamedTuple):
    """A changed message, and the way to the field that was changed: `envoy….RouteAction.timeout` is its last step."""

    way: tuple[str, ...]
    message: Message

    def within(self, name: str, message: Message) -> Variant:
        """The same, of a message that has this one in a field."""
        return Variant((name, *self.way), message)


def variants(message: Message) -> Iterator[Variant]:
    """Changes each field that is set, however deep, and nothing else each time."""
    if isinstance(message, Packed):
        yield from _packed(message)
        return
    for field, value in message.ListFields():
        name = f"{message.DESCRIPTOR.full_name}.{field.name}"
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            for key in value:
                yield from _entry(message, field, key, name)
        elif field.is_repeated:
            for index in range(len(value)):
                yield from _element(message, field, index, name)
        elif field.message_type is None:
            yield Variant((name,), _with(message, field, _other(field, value)))
        else:
            yield Variant((name,), _without(message, field))
            for inner in variants(value):
                changed = deepcopy(message)
                getattr(changed, field.name).CopyFrom(inner.message)
                yield inner.within(name, changed)


def _packed(message: Packed) -> Iterator[Variant]:
    content = unpacked(message)
    for inner in variants(content) if content is not None else ():
        changed = Packed()
        changed.Pack(inner.message)
        yield Variant(inner.way, changed)


def _entry(message: Message, field: FieldDescriptor, key: str, name: str) -> Iterator[Variant]:
    changed = deepcopy(message)
    del getattr(changed, field.name)[key]
    yield Variant((name,), changed)
    if field.message_type.fields_by_name["value"].message_type is not None:
        for inner in variants(getattr(message, field.name)[key]):
            changed = deepcopy(message)
            getattr(changed, field.name)[key].CopyFrom(inner.message)
            yield inner.within(name, changed)


def _element(message: Message, field: FieldDescriptor, index: int, name: str) -> Iterator[Variant]:
    changed = deepcopy(message)
    del getattr(changed, field.name)[index]
    yield Variant((name,), changed)
    if field.message_type is not None:
        for inner in variants(getattr(message, field.name)[index]):
            changed = deepcopy(message)
            getattr(changed, field.name)[index].CopyFrom(inner.message)
            yield inner.within(name, changed)


def _with(message: _Message, field: FieldDescriptor, value: object) -> _Message:
    changed = deepcopy(message)
    setattr(changed, field.name, value)
    return changed


def _without(message: _Message, field: FieldDescriptor) -> _Message:
    changed = deepcopy(message)
    changed.ClearField(field.name)
    return changed


def _other(field: FieldDescriptor, value: Any) -> object:  # noqa: ANN401 - what protobuf gives
    if field.enum_type is not None:
        return next(each for each in field.enum_type.values_by_number if each != value)
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return f"{value}x"
    if isinstance(value, bytes):
        return value + b"x"
    return value - 1 if value > 1 else value + 1
