"""From any Envoy message to plain data that can be compared and read."""

from __future__ import annotations

import base64
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from envoy.config.core.v3.base_pb2 import Metadata
from envoy.extensions.transport_sockets.tls.v3.common_pb2 import CertificateValidationContext
from envoy.type.v3 import percent_pb2
from google.protobuf import any_pb2, descriptor_pool, duration_pb2, message_factory, struct_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from souk_oracle.projection.noise import DEFAULTS, NOISE, UNORDERED, WORDS
from souk_oracle.projection.sections import Json

_NONE: frozenset[str] = frozenset()
_TLS = "envoy.extensions.transport_sockets.tls.v3"
_PARTS = {"HUNDRED": 1, "TEN_THOUSAND": 100, "MILLION": 10_000}


def plain(message: Message) -> dict[str, Json]:
    """Every field that is set, but for the noise and for what is set to the default that it has anyway."""
    kind = message.DESCRIPTOR.full_name
    noise, defaults = NOISE.get(kind, _NONE), DEFAULTS.get(kind, {})
    unordered, words = UNORDERED.get(kind, _NONE), WORDS.get(kind, _NONE)
    result: dict[str, Json] = {}
    for field, value in message.ListFields():
        if field.name in noise:
            continue
        shown = _field(field, value)
        if field.name in words:
            shown = [*sorted(filter(None, str(shown).split(",")))]
        if field.name in unordered and isinstance(shown, list):
            shown = sorted(shown, key=repr)
        if field.name not in defaults or shown != defaults[field.name]:
            result[field.name] = shown
    return result


def unpacked(packed: any_pb2.Any) -> Message | None:
    """The message in an Any; None when it is one of Istio's own, which no package describes."""
    kind = packed.TypeName()
    found = _message_class(kind)
    if found is None:
        return None
    message = found()
    packed.Unpack(message)
    return message


def _field(field: FieldDescriptor, value: Any) -> Json:  # noqa: ANN401 - what protobuf gives
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        inner = field.message_type.fields_by_name["value"]
        return {str(key): _value(inner, value[key]) for key in sorted(value)}
    if field.is_repeated:
        return [_value(field, each) for each in value]
    return _value(field, value)


def _value(field: FieldDescriptor, value: Any) -> Json:  # noqa: ANN401
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        return _message(value)
    if field.enum_type is not None:
        return str(field.enum_type.values_by_number[value].name)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return base64.b64encode(value).decode()
    shown: Json = value
    return shown


def _message(message: Message) -> Json:
    special = _SPECIAL.get(message.DESCRIPTOR.full_name)
    return special(message) if special else plain(message)


def _any(packed: any_pb2.Any) -> Json:
    message = unpacked(packed)
    if message is None:
        return {"@type": packed.TypeName(), "@bytes": base64.b64encode(packed.value).decode()}
    return {"@type": message.DESCRIPTOR.name, **plain(message)}


def _duration(length: duration_pb2.Duration) -> Json:
    return f"{length.seconds + length.nanos / 1e9:g}s"


def _percent(percent: percent_pb2.FractionalPercent) -> Json:
    parts = _PARTS[percent_pb2.FractionalPercent.DenominatorType.Name(percent.denominator)]
    return f"{percent.numerator / parts:g}%"


def _struct(value: Any) -> Json:  # noqa: ANN401
    if isinstance(value, struct_pb2.Struct):
        return {key: _struct(value.fields[key]) for key in sorted(value.fields)}
    if isinstance(value, struct_pb2.ListValue):
        return [_struct(each) for each in value.values]
    kind = value.WhichOneof("kind")
    inner = getattr(value, kind) if kind else None
    return _struct(inner) if isinstance(inner, Message) else (None if kind == "null_value" else inner)


def _metadata(metadata: Metadata) -> Json:
    """What decides something: under `istio` stands what telemetry says of a pod."""
    return {name: _struct(each) for name, each in sorted(metadata.filter_metadata.items()) if name != "istio"}


def _validation(context: CertificateValidationContext) -> Json:
    """Names that a certificate may carry, however it carries them: istiod names no kind, the local mesh every one."""
    shown = plain(context)
    names = [plain(each.matcher) for each in context.match_typed_subject_alt_names]
    names += [plain(each) for each in context.match_subject_alt_names]
    shown.pop("match_typed_subject_alt_names", None)
    shown["match_subject_alt_names"] = [each for index, each in enumerate(names) if each not in names[:index]]
    return shown


_SPECIAL: Mapping[str, Callable[[Any], Json]] = {
    "envoy.config.core.v3.Metadata": _metadata,
    f"{_TLS}.CertificateValidationContext": _validation,
    "google.protobuf.Any": _any,
    "google.protobuf.Duration": _duration,
    "google.protobuf.Struct": _struct,
    "google.protobuf.Value": _struct,
    "google.protobuf.ListValue": _struct,
    "envoy.type.v3.FractionalPercent": _percent,
    **{
        f"google.protobuf.{name}Value": lambda wrapper: wrapper.value
        for name in ("Bool", "Double", "Float", "Int32", "Int64", "String", "UInt32", "UInt64")
    },
}


@cache
def _message_class(kind: str) -> type[Message] | None:
    """Finds the class of a message by its full name, in the modules of the package that it is in."""
    package = kind.rpartition(".")[0]
    try:
        module = importlib.import_module(package)
        for each in pkgutil.iter_modules(module.__path__):
            if each.name.endswith("_pb2"):
                importlib.import_module(f"{package}.{each.name}")
        return message_factory.GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(kind))
    except (ImportError, KeyError, ValueError):
        return None
