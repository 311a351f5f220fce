"""Reads the public API from the descriptor set: services whose methods carry `google.api.http`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from google.api import annotations_pb2, http_pb2
from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool

from souk_gateway.templates import MalformedTemplate, Template, parse

COMMITTED = Path(__file__).with_name("descriptors.binpb")
"""Written by `make protos`."""
STATUS = "google/rpc/status.proto"
"""Every error is one: the OpenAPI document says so, whether or not a proto imports it."""
ERROR_DETAILS = "google/rpc/error_details.proto"
"""Nobody imports it, but errors carry its messages, and the transcoder can only write what it knows."""


class Refused(Exception):
    """A descriptor set that can't be served; says why."""


@dataclass(frozen=True)
class Binding:
    """One way to call a method by REST."""

    verb: str
    template: Template
    body: str
    """The field that the body becomes; `*` for the whole request, empty for none."""
    response_body: str

    def __str__(self) -> str:
        return f"{self.verb} {self.template.text}"


@dataclass(frozen=True)
class Method:
    """An RPC and how REST reaches it."""

    service: str
    name: str
    request: Descriptor
    response: Descriptor
    client_streaming: bool
    server_streaming: bool
    bindings: tuple[Binding, ...]

    @property
    def path(self) -> str:
        """Where gRPC calls it: `/souk.catalog.v1.CatalogService/GetProduct`."""
        return f"/{self.service}/{self.name}"


@dataclass(frozen=True)
class Service:
    """A service and its methods."""

    name: str
    file: str
    methods: tuple[Method, ...]

    @property
    def public(self) -> bool:
        """Whether REST, and so the world outside, reaches any of its methods."""
        return any(method.bindings for method in self.methods)

    @property
    def context(self) -> str:
        """Whose service it is, by its package: `catalog` for `souk.catalog.v1.CatalogService`."""
        return self.name.split(".")[-3]


@dataclass(frozen=True)
class Api:
    """The files of a descriptor set and what they say."""

    files: tuple[FileDescriptorProto, ...]

    @cached_property
    def pool(self) -> DescriptorPool:
        """The types, apart from those that this program itself has loaded."""
        pool = DescriptorPool()
        for file in self.files:  # protoc writes a file after those it imports
            pool.Add(file)
        return pool

    @cached_property
    def services(self) -> tuple[Service, ...]:
        """All the services, by name."""
        return tuple(sorted(self._services(), key=lambda service: service.name))

    @property
    def public_services(self) -> tuple[Service, ...]:
        """Those that the gateway serves."""
        return tuple(service for service in self.services if service.public)

    def public(self) -> Api:
        """Only the files that the public services need: what is not served must not be described either."""
        return self._needed(service.file for service in self.public_services)

    def only(self, service: str) -> Api:
        """Only the files that one service needs."""
        return self._needed(one.file for one in self.services if one.name == service)

    def _needed(self, files: Iterable[str]) -> Api:
        by_name = {file.name: file for file in self.files}
        wanted: set[str] = set()
        waiting = [ERROR_DETAILS, STATUS, *files]
        while waiting:
            name = waiting.pop()
            if name in by_name and name not in wanted:
                wanted.add(name)
                waiting.extend(by_name[name].dependency)
        return Api(tuple(file for file in self.files if file.name in wanted))

    def serialized(self) -> bytes:
        """The files as a descriptor set, without the comments, which only documents need."""
        bare = FileDescriptorSet(file=self.files)
        for file in bare.file:
            file.ClearField("source_code_info")
        return bare.SerializeToString(deterministic=True)

    def _services(self) -> Iterator[Service]:
        for file in self.files:
            for service in file.service:
                name = f"{file.package}.{service.name}"
                yield Service(name, file.name, tuple(self._method(name, method) for method in service.method))

    def _method(self, service: str, method: MethodDescriptorProto) -> Method:
        try:
            bindings = tuple(_bindings(method))
        except MalformedTemplate as error:
            error.where = f"{service}.{method.name}"
            raise
        return Method(
            service=service,
            name=method.name,
            request=self.message(method.input_type),
            response=self.message(method.output_type),
            client_streaming=method.client_streaming,
            server_streaming=method.server_streaming,
            bindings=bindings,
        )

    def message(self, name: str) -> Descriptor:
        """A message by its full name, with or without the leading dot that descriptors write."""
        found: Descriptor = self.pool.FindMessageTypeByName(name.removeprefix("."))
        return found


def load(path: Path = COMMITTED) -> Api:
    """Reads a descriptor set."""
    return Api(tuple(FileDescriptorSet.FromString(path.read_bytes()).file))


def resolve(message: Descriptor, path: str) -> tuple[FieldDescriptor, ...] | None:
    """Follows a path of field names, `product.name`; None if it leads nowhere."""
    fields: list[FieldDescriptor] = []
    here: Descriptor | None = message
    for name in path.split("."):
        field = here.fields_by_name.get(name) if here is not None else None
        if field is None:
            return None
        fields.append(field)
        here = field.message_type
    return tuple(fields)


def is_text(message: Descriptor, path: str) -> bool:
    """Whether a path of field names leads to a string."""
    fields = resolve(message, path)
    return fields is not None and fields[-1].type == FieldDescriptor.TYPE_STRING


def query_fields(method: Method, binding: Binding) -> Iterable[FieldDescriptor]:
    """The top-level fields of a request that neither path nor body gives: REST passes them as query parameters."""
    if binding.body == "*":
        return
    bound = {variable.field for variable in binding.template.variables}
    for field in method.request.fields:
        if field.name != binding.body and field.name not in bound:
            yield field


def _bindings(method: MethodDescriptorProto) -> Iterator[Binding]:
    options: descriptor_pb2.MethodOptions = method.options
    if not options.HasExtension(annotations_pb2.http):
        return
    rule = options.Extensions[annotations_pb2.http]
    for one in (rule, *rule.additional_bindings):
        verb, path = _pattern(one)
        yield Binding(verb, parse(path), one.body, one.response_body)


def _pattern(rule: http_pb2.HttpRule) -> tuple[str, str]:
    kind = rule.WhichOneof("pattern")
    if kind == "custom":
        return rule.custom.kind, rule.custom.path
    return (kind or "").upper(), getattr(rule, kind) if kind else ""
