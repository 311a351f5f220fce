"""The OpenAPI document: what Envoy really takes and gives, from the same descriptors as its routes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from google.api import field_behavior_pb2, resource_pb2
from google.protobuf.descriptor import FieldDescriptor

from souk_gateway.comments import comments, first_sentence
from souk_gateway.descriptors import Api, Binding, Method, query_fields
from souk_gateway.replies import Json
from souk_gateway.schemas import WELL_KNOWN, Schemas
from souk_gateway.templates import ONE, REST, Template

_JSON, _LINES = "application/json", "application/x-ndjson"
_IDEMPOTENCY_KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Makes the call safe to repeat, as `requestId` does, which goes first where both are given: a UUID.",
    "schema": {"type": "string", "format": "uuid"},
}
_VARIABLE = re.compile(r"\{(\w+)\}")


def render(api: Api) -> str:
    """The document as text; the same protos give the same text."""
    return json.dumps(document(api.public()), indent=1, ensure_ascii=False) + "\n"


def document(api: Api) -> Json:
    """The document; `api` needs source info for its descriptions."""
    said = comments(api.files)
    writer = _Writer(Schemas(said), said, _collections(api))
    writer.schemas.reference(api.message("google.rpc.Status"))
    paths: dict[str, dict[str, object]] = {}
    for service in api.public_services:
        for method in service.methods:
            for number, binding in enumerate(method.bindings, start=1):
                path, operation = writer.operation(method, binding, number)
                paths.setdefault(path, {})[binding.verb.lower()] = operation
    tags = [{"name": _short(one.name), "description": said.get(one.name, "")} for one in api.public_services]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Souk",
            "version": "v1",
            "description": "The public API by REST. The same calls are there by gRPC on the same port.",
        },
        "servers": [{"url": "/"}],
        "tags": tags,
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": dict(sorted(writer.schemas.collected.items()))},
    }


@dataclass(frozen=True)
class _Writer:
    schemas: Schemas
    comments: Mapping[str, str]
    collections: Mapping[str, str]
    """What one member of a collection is called: `products` → `product`."""

    def operation(self, method: Method, binding: Binding, number: int) -> tuple[str, Json]:
        """Where one binding is found, and what it says."""
        said = self.comments.get(f"{method.service}.{method.name}", "")
        path, names = _readable(binding.template, self.collections)
        parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
        parameters += [one for field in query_fields(method, binding) for one in self._query(field, ())]
        if binding.verb != "GET" and "request_id" in method.request.fields_by_name:
            parameters.append(_IDEMPOTENCY_KEY)
        operation: Json = {
            "operationId": f"{_short(method.service)}_{method.name}" + (f"_{number}" if number > 1 else ""),
            "tags": [_short(method.service)],
            "summary": first_sentence(said),
            "description": said,
            "parameters": parameters,
        }
        if binding.body:
            operation["requestBody"] = {"required": True, "content": {_JSON: {"schema": self._body(method, binding)}}}
        return path, {**operation, "responses": self._responses(method)}

    def _query(self, field: FieldDescriptor, parents: Sequence[str]) -> Iterator[Json]:
        path = [*parents, field.json_name]
        nested = field.message_type
        if nested is not None and nested.full_name not in WELL_KNOWN:
            for inner in nested.fields:
                yield from self._query(inner, path)
            return
        schema = self.schemas.of_field(field)
        parameter: Json = {"name": ".".join(path), "in": "query"}
        if field_behavior_pb2.REQUIRED in field.GetOptions().Extensions[field_behavior_pb2.field_behavior]:
            parameter["required"] = True
        yield {**parameter, "description": schema.get("description", ""), "schema": _without_description(schema)}

    def _body(self, method: Method, binding: Binding) -> Json:
        if binding.body != "*":
            return self.schemas.of_field(method.request.fields_by_name[binding.body])
        bound = {variable.field for variable in binding.template.variables}
        fields = [one for one in method.request.fields if one.name not in bound]
        required = [
            one.json_name
            for one in fields
            if field_behavior_pb2.REQUIRED in one.GetOptions().Extensions[field_behavior_pb2.field_behavior]
        ]
        schema: Json = {"type": "object", "properties": {one.json_name: self.schemas.of_field(one) for one in fields}}
        return {**schema, "required": required} if required else schema

    def _responses(self, method: Method) -> Json:
        result = self.schemas.reference(method.response)
        kind, text = (_LINES, "One JSON object a line.") if method.server_streaming else (_JSON, "Done.")
        error = {"$ref": "#/components/schemas/google.rpc.Status"}
        return {
            "200": {"description": text, "content": {kind: {"schema": result}}},
            "default": {
                "description": "It failed; `details` holds a google.rpc.ErrorInfo with the reason.",
                "content": {_JSON: {"schema": error}},
            },
        }


def _readable(template: Template, collections: Mapping[str, str]) -> tuple[str, list[str]]:
    """The path with a name for each wildcard, `/v1/products/{product}`, and the names."""
    names: list[str] = []
    parts: list[str] = []
    for segment in template.segments:
        if segment not in (ONE, REST):
            parts.append(segment)
            continue
        collection = parts[-1] if parts else ""
        name = collections.get(collection, collection.removesuffix("s") or "path")
        while name in names:
            name += "_"
        names.append(name)
        parts.append(f"{{{name}}}")
    return "/" + "/".join(parts) + (f":{template.verb}" if template.verb else ""), names


def _collections(api: Api) -> Mapping[str, str]:
    """Reads from the patterns of all resources what one member of each collection is called."""
    found: dict[str, str] = {}
    for file in api.files:
        for message in file.message_type:
            for pattern in message.options.Extensions[resource_pb2.resource].pattern:
                segments = pattern.split("/")
                for collection, member in pairwise(segments):
                    if name := _VARIABLE.fullmatch(member):
                        found[collection] = name[1]
    return found


def _short(name: str) -> str:
    return name.rpartition(".")[2]


def _without_description(schema: Json) -> Json:
    return {key: value for key, value in schema.items() if key != "description"}
