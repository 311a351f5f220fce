"""Small builders for the Envoy messages that appear everywhere."""

from __future__ import annotations

from datetime import timedelta

from envoy.config.core.v3 import address_pb2, config_source_pb2
from envoy.type.matcher.v3 import regex_pb2, string_pb2
from google.protobuf import any_pb2, duration_pb2, wrappers_pb2
from google.protobuf.message import Message

UNLIMITED = 2**32 - 1


def packed(message: Message) -> any_pb2.Any:
    """Wraps a message so that any field of type Any can hold it; the bytes are equal when the messages are."""
    result = any_pb2.Any()
    result.Pack(message, deterministic=True)
    return result


def duration(length: timedelta) -> duration_pb2.Duration:
    """A length of time, as protos write it."""
    result = duration_pb2.Duration()
    result.FromTimedelta(length)
    return result


def uint32(value: int) -> wrappers_pb2.UInt32Value:
    """A number that can also be unset."""
    return wrappers_pb2.UInt32Value(value=value)


def flag(value: bool) -> wrappers_pb2.BoolValue:
    """A truth value that can also be unset."""
    return wrappers_pb2.BoolValue(value=value)


def address(host: str, port: int) -> address_pb2.Address:
    """A TCP address."""
    return address_pb2.Address(socket_address=address_pb2.SocketAddress(address=host, port_value=port))


def from_ads() -> config_source_pb2.ConfigSource:
    """Says that a resource comes over the same stream."""
    return config_source_pb2.ConfigSource(
        ads=config_source_pb2.AggregatedConfigSource(),
        resource_api_version=config_source_pb2.ApiVersion.V3,
    )


def regex(pattern: str) -> regex_pb2.RegexMatcher:
    """A regular expression (RE2) that must match the whole text."""
    return regex_pb2.RegexMatcher(regex=pattern)


def exactly(text: str) -> string_pb2.StringMatcher:
    """Matches one text."""
    return string_pb2.StringMatcher(exact=text)
