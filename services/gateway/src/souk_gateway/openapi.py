"""The OpenAPI document: what Envoy really takes and gives, from the same descriptors as its routes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from google.rpc import status_pb2

from souk_gateway.answers import FAILED, Answers
from souk_gateway.comments import comments, first_sentence
from souk_gateway.conditions import Json
from souk_gateway.constraints import Rules
from souk_gateway.descriptors import Api, Binding, Method
from souk_gateway.parameters import Parameters, collections
from souk_gateway.reasons import Reasons
from souk_gateway.schemas import Schemas, Use

_JSON = "application/json"
_HTTP_BODY = "google.api.HttpBody"
_ABOUT = """\
The public API by REST. The same calls are there by gRPC on the same port.

- **Errors** are a `google.rpc.Status`. Programs go by the `reason` of its `ErrorInfo`, people by the `message`.
  What the mesh itself answers (403, 503, 504) has no `details`.
- **Repeating**: with an `Idempotency-Key`, or a `requestId`, a call has its effect once, however often it is sent.
- **Time**: `grpc-timeout: 5S` bounds a call; what it set going before that may go on.
- **Numbers** of 64 bits are strings. Fields that are empty are written all the same.
- **Unknown fields** of a body and unknown parameters are refused.
"""


def render(api: Api) -> str:
    """The document as text; the same protos give the same text."""
    return json.dumps(document(api.public()), indent=1, ensure_ascii=False) + "\n"


def document(api: Api) -> Json:
    """The document; `api` needs source info for its descriptions."""
    said = comments(api.files)
    schemas = Schemas(said, Rules(api))
    reasons = Reasons(api, said)
    answers = Answers(schemas, reasons)
    writer = _Writer(schemas, Parameters(schemas, collections(api)), answers, said)
    schemas.reference(status_pb2.Status.DESCRIPTOR, Use.GIVEN)  # which no proto may happen to import
    paths: dict[str, dict[str, object]] = {}
    for service in api.public_services:
        for method in service.methods:
            for number, binding in enumerate(method.bindings, start=1):
                path, operation = writer.operation(method, binding, number)
                paths.setdefault(path, {})[binding.verb.lower()] = operation
    tags = [{"name": _short(one.name), "description": said.get(one.name, "")} for one in api.public_services]
    return {
        "openapi": "3.1.0",
        "info": {"title": "Souk", "version": "v1", "description": _ABOUT},
        "servers": [{"url": "/", "description": "The gateway that gave this document."}],
        "tags": tags,
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.collected.items())),
            "responses": {FAILED: answers.failed()},
        },
    }


@dataclass(frozen=True)
class _Writer:
    schemas: Schemas
    parameters: Parameters
    answers: Answers
    comments: Mapping[str, str]

    def operation(self, method: Method, binding: Binding, number: int) -> tuple[str, Json]:
        """Where one binding is found, and what it says."""
        said = self.comments.get(f"{method.service}.{method.name}", "")
        place = self.parameters.place(method, binding.template)
        operation: Json = {
            "operationId": f"{_short(method.service)}_{method.name}" + (f"_{number}" if number > 1 else ""),
            "tags": [_short(method.service)],
            "summary": first_sentence(said),
            "description": said,
            "parameters": [
                *place.parameters,
                *self.parameters.query(method, binding),
                *self.parameters.headers(method, binding),
            ],
        }
        if binding.body:
            operation["requestBody"] = self._body(method, binding)
        return place.path, {**operation, "responses": self.answers.of(method, binding)}

    def _body(self, method: Method, binding: Binding) -> Json:
        """What is sent; what the path gives is no part of it."""
        use = Use.CHANGES if binding.verb == "PATCH" else Use.TAKEN
        bound = {variable.field for variable in binding.template.variables}
        if binding.body == "*":
            fields = [one for one in method.request.fields if one.name not in bound]
            schema = self.schemas.object_of(method.request, fields, use)
            needed = bool(schema.get("required"))
        else:
            field = method.request.fields_by_name[binding.body]
            if field.message_type is not None and field.message_type.full_name == _HTTP_BODY:
                return {"required": True, "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}
            schema = self.schemas.of_field(field, use)
            needed = self.schemas.is_required(field)
        if method.client_streaming:
            schema = {"type": "array", "items": schema}
        return {"required": needed, "content": {_JSON: {"schema": schema}}}


def _short(name: str) -> str:
    return name.rpartition(".")[2]
