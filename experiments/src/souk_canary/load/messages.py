"""Messages of the platform's own protos, written as JSON: by the descriptors that the gateway serves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

# Committed, and tested to be what the protos say.
DESCRIPTORS = Path("services/gateway/src/souk_gateway/descriptors.binpb")


class UnknownMethod(Exception):
    """The protos have no such method."""


class Messages:
    """Writes messages for methods that are named."""

    def __init__(self, descriptors: bytes) -> None:
        # A pool of its own: the default one has files of the same names, of other versions, for Envoy's API.
        self._pool = descriptor_pool.DescriptorPool()
        files = descriptor_pb2.FileDescriptorSet.FromString(descriptors).file
        for each in files:
            self._pool.Add(each)
        self._services = sorted(f"{each.package}.{service.name}" for each in files for service in each.service)

    def written(self, method: str, message: Mapping[str, Any]) -> bytes:
        """A request as it goes over the wire.

        Raises:
            UnknownMethod: there is no such method, or its message has no such field.
        """
        service, _, name = method.partition("/")
        try:
            found = self._pool.FindServiceByName(service).methods_by_name[name]
        except KeyError as error:
            raise UnknownMethod(f"there is no method {method}\n  services: {', '.join(self._services)}") from error
        try:
            request = json_format.ParseDict(dict(message), message_factory.GetMessageClass(found.input_type)())
        except json_format.ParseError as error:
            raise UnknownMethod(f"{method}: {error}") from error
        written: bytes = request.SerializeToString()
        return written
