"""Small builders for the Envoy messages that appear everywhere."""

from __future__ import annotations

import ipaddress
import re
from datetime import timedelta

from envoy.config.core.v3 import address_pb2, config_source_pb2
from envoy.config.route.v3 import route_components_pb2
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


def quoted(text: str) -> str:
    """Writes a text so that a regular expression (RE2) means just that."""
    return re.sub(r"[\\.+*?()|\[\]{}^$]", r"\\\g<0>", text)


def wildcard(text: str, *, ignore_case: bool = False) -> string_pb2.StringMatcher:
    """Reads how Istio's policies write a text: exact, `prefix*`, `*suffix`, or `*` for any that is not empty."""
    if text == "*":
        return string_pb2.StringMatcher(safe_regex=regex(".+"))
    if text.startswith("*"):
        return string_pb2.StringMatcher(suffix=text[1:], ignore_case=ignore_case)
    if text.endswith("*"):
        return string_pb2.StringMatcher(prefix=text[:-1], ignore_case=ignore_case)
    return string_pb2.StringMatcher(exact=text, ignore_case=ignore_case)


def header(name: str, text: str, *, ignore_case: bool = False) -> route_components_pb2.HeaderMatcher:
    """Asks for a header as policies do; `*` takes one that is there, though it be empty."""
    if text == "*":
        return route_components_pb2.HeaderMatcher(name=name, present_match=True)
    return route_components_pb2.HeaderMatcher(name=name, string_match=wildcard(text, ignore_case=ignore_case))


def subnet(text: str) -> address_pb2.CidrRange:
    """Reads `10.1.2.3` or `10.1.0.0/16`."""
    block = ipaddress.ip_interface(text)
    return address_pb2.CidrRange(address_prefix=str(block.ip), prefix_len=uint32(block.network.prefixlen))
