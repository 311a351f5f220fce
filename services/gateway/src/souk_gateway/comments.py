"""Finds what the protos say about each service, method, message, field and enum."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from google.protobuf.descriptor_pb2 import DescriptorProto, EnumDescriptorProto, FileDescriptorProto

# Numbers of the fields in descriptor.proto, of which the paths of source info are made.
_FILE_MESSAGE, _FILE_ENUM, _FILE_SERVICE = 4, 5, 6
_MESSAGE_FIELD, _MESSAGE_NESTED, _MESSAGE_ENUM = 2, 3, 4
_ENUM_VALUE, _SERVICE_METHOD = 2, 2

Named = Iterator[tuple[tuple[int, ...], str]]


def comments(files: Iterable[FileDescriptorProto]) -> Mapping[str, str]:
    """Comments by full name; the values of an enum by `<enum>.<VALUE>`."""
    found: dict[str, str] = {}
    for file in files:
        texts = {tuple(one.path): _cleaned(one.leading_comments) for one in file.source_code_info.location}
        found |= {name: texts[path] for path, name in _names(file) if texts.get(path)}
    return found


def places(files: Iterable[FileDescriptorProto]) -> Mapping[str, tuple[str, int]]:
    """File and line by full name, of all that has a comment or could have one; empty without source info."""
    found: dict[str, tuple[str, int]] = {}
    for file in files:
        lines = {tuple(one.path): one.span[0] + 1 for one in file.source_code_info.location}
        found |= {name: (file.name, lines[path]) for path, name in _names(file) if path in lines}
    return found


def first_sentence(text: str) -> str:
    """What fits into one line of a list."""
    sentence, dot, _ = text.partition(". ")
    return sentence.removesuffix(".") if dot else text.removesuffix(".")


def _cleaned(comment: str) -> str:
    return " ".join(line.strip() for line in comment.strip().splitlines()).strip()


def _names(file: FileDescriptorProto) -> Named:
    for index, service in enumerate(file.service):
        name = f"{file.package}.{service.name}"
        yield (_FILE_SERVICE, index), name
        for position, method in enumerate(service.method):
            yield (_FILE_SERVICE, index, _SERVICE_METHOD, position), f"{name}.{method.name}"
    yield from _messages(file.message_type, (_FILE_MESSAGE,), file.package)
    yield from _enums(file.enum_type, (_FILE_ENUM,), file.package)


def _messages(messages: Sequence[DescriptorProto], path: tuple[int, ...], scope: str) -> Named:
    for index, message in enumerate(messages):
        here, name = (*path, index), f"{scope}.{message.name}"
        yield here, name
        for position, field in enumerate(message.field):
            yield (*here, _MESSAGE_FIELD, position), f"{name}.{field.name}"
        yield from _messages(message.nested_type, (*here, _MESSAGE_NESTED), name)
        yield from _enums(message.enum_type, (*here, _MESSAGE_ENUM), name)


def _enums(enums: Sequence[EnumDescriptorProto], path: tuple[int, ...], scope: str) -> Named:
    for index, enum in enumerate(enums):
        here, name = (*path, index), f"{scope}.{enum.name}"
        yield here, name
        for position, value in enumerate(enum.value):
            yield (*here, _ENUM_VALUE, position), f"{name}.{value.name}"
