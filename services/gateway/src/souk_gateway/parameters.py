"""The parameters of an operation: what is in its path, its query and its headers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from google.api import resource_pb2
from google.protobuf.descriptor import FieldDescriptor

from souk_gateway.conditions import Json
from souk_gateway.descriptors import Api, Binding, Method, query_fields, resolve
from souk_gateway.schemas import Schemas, Use
from souk_gateway.templates import ONE, REST, Template
from souk_gateway.wellknown import WELL_KNOWN

_IDEMPOTENCY_KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Makes the call safe to repeat, as `requestId` does, which goes first where both are given: a UUID.",
    "schema": {"type": "string", "format": "uuid"},
}
_IF_NONE_MATCH: Json = {
    "name": "If-None-Match",
    "in": "header",
    "description": "Answers 304, without a body, if the resource's etag is still this one.",
    "schema": {"type": "string"},
}
_VARIABLE = re.compile(r"\{(\w+)\}")
# A slash within brackets is no end of a segment: `[^/]+`.
_SLASH = re.compile(r"/(?![^\[]*\])")
_ANY_SEGMENT, _ANY_LAST_SEGMENT, _ANY_SEGMENTS = "^[^/]+$", "^[^/:]+$", "^[^:]+$"


@dataclass(frozen=True)
class Place:
    """A path whose wildcards have names: `/v1/products/{product}`."""

    path: str
    parameters: tuple[Json, ...]


@dataclass(frozen=True)
class Parameters:
    """Writes parameters; `collections` says what one member of each collection is called: `products` → `product`."""

    schemas: Schemas
    collections: Mapping[str, str]

    def place(self, method: Method, template: Template) -> Place:
        """Where a binding is found, and what the variable parts may be."""
        patterns = self._patterns(method, template)
        said = {segment.field: self._said(method, segment.field) for segment in template.variables}
        names: list[str] = []
        parts: list[str] = []
        parameters: list[Json] = []
        for index, (segment, owner) in enumerate(_owned(template)):
            if segment not in (ONE, REST):
                parts.append(segment)
                continue
            name = self._name(parts, names)
            schema: Json = {"type": "string", "pattern": patterns[index]}
            parameter: Json = {"name": name, "in": "path", "required": True}
            parameters.append({**parameter, "description": said.get(owner, ""), "schema": schema})
            names.append(name)
            parts.append(f"{{{name}}}")
        return Place("/" + "/".join(parts) + (f":{template.verb}" if template.verb else ""), tuple(parameters))

    def query(self, method: Method, binding: Binding) -> Iterator[Json]:
        """What is given behind the question mark, fields of messages by dots."""
        for field in query_fields(method, binding):
            yield from self._query(field, (), binding)

    def headers(self, method: Method, binding: Binding) -> Iterator[Json]:
        """The headers that the gateway makes something of."""
        if binding.verb != "GET" and "request_id" in method.request.fields_by_name:
            yield _IDEMPOTENCY_KEY
        if (etag := condition(method, binding)) is not None:
            longest = self.schemas.rules.keywords(etag).get("maxLength")
            yield _if_match(longest if isinstance(longest, int) else None)
        if gives_etag(method, binding):
            yield _IF_NONE_MATCH

    def _query(self, field: FieldDescriptor, parents: tuple[FieldDescriptor, ...], binding: Binding) -> Iterator[Json]:
        nested = field.message_type
        if nested is not None and nested.full_name not in WELL_KNOWN:
            if field.is_repeated or field in parents:
                return  # no query can say it
            bound = {variable.field for variable in binding.template.variables}
            for inner in nested.fields:
                if ".".join(one.name for one in (*parents, field, inner)) not in bound:
                    yield from self._query(inner, (*parents, field), binding)
            return
        schema = self.schemas.of_field(field, Use.TAKEN)
        name = ".".join(one.json_name for one in (*parents, field))
        required = all(self.schemas.is_required(one) for one in (*parents, field))
        yield {
            "name": name,
            "in": "query",
            **({"required": True} if required else {}),
            "description": schema.get("description", ""),
            "schema": {key: value for key, value in schema.items() if key != "description"},
        }

    def _name(self, parts: Sequence[str], taken: Sequence[str]) -> str:
        collection = parts[-1] if parts else ""
        name = self.collections.get(collection, collection.removesuffix("s").strip("{}") or "path")
        while name in taken:
            name += "_"
        return name

    def _said(self, method: Method, path: str) -> str:
        fields = resolve(method.request, path)
        return self.schemas.comments.get(fields[-1].full_name, "") if fields else ""

    def _patterns(self, method: Method, template: Template) -> Mapping[int, str]:
        """What each wildcard may be, by its position: what the rule of the field says of that segment, if it does."""
        last = len(template.segments) - 1
        patterns: dict[int, str] = {}
        position = 0
        for part in template.parts:
            if isinstance(part, str):
                if part in (ONE, REST):
                    patterns[position] = _general(part, position == last)
                position += 1
                continue
            ruled = self._ruled(method, part.field, part.segments)
            for index, segment in enumerate(part.segments):
                if segment in (ONE, REST):
                    patterns[position + index] = ruled.get(index) or _general(segment, position + index == last)
            position += len(part.segments)
        return patterns

    def _ruled(self, method: Method, path: str, segments: Sequence[str]) -> Mapping[int, str]:
        """The pattern `^products/[a-z]+$` taken to pieces along `products/*`; nothing if it doesn't fit."""
        fields = resolve(method.request, path)
        pattern = self.schemas.rules.keywords(fields[-1]).get("pattern") if fields else None
        if not isinstance(pattern, str) or not (pattern.startswith("^") and pattern.endswith("$")) or "|" in pattern:
            return {}
        pieces = _SLASH.split(pattern[1:-1])
        if len(pieces) != len(segments):
            return {}
        pairs = list(zip(pieces, segments, strict=True))
        if any(piece != segment for piece, segment in pairs if segment not in (ONE, REST)):
            return {}
        return {index: f"^{piece}$" for index, (piece, segment) in enumerate(pairs) if segment == ONE}


def collections(api: Api) -> Mapping[str, str]:
    """Reads from the patterns of all resources what one member of each collection is called."""
    found: dict[str, str] = {}
    for file in api.files:
        for message in file.message_type:
            for pattern in message.options.Extensions[resource_pb2.resource].pattern:
                for collection, member in pairwise(pattern.split("/")):
                    if name := _VARIABLE.fullmatch(member):
                        found[collection] = name[1]
    return found


def condition(method: Method, binding: Binding) -> FieldDescriptor | None:
    """The field that `If-Match` fills: the request's etag, or that of the resource that is its body."""
    if binding.verb == "GET":
        return None
    if own := method.request.fields_by_name.get("etag"):
        return own
    # What is being made has no etag yet.
    body = resolve(method.request, f"{binding.body}.etag") if binding.verb in ("PATCH", "PUT") else None
    return body[-1] if body else None


def gives_etag(method: Method, binding: Binding) -> bool:
    """Whether the answer to a reading call has an etag, which a later one can name."""
    return binding.verb == "GET" and not method.server_streaming and "etag" in method.response.fields_by_name


def _if_match(longest: int | None) -> Json:
    """One etag, as the services take it: `longest` is what the field holds, with the quotes."""
    most = "" if longest is None else longest - 2
    quoted, bare = f'"[!#-~]{{0,{most}}}"', f"[!#-+.-~-]{{1,{most}}}"
    return {
        "name": "If-Match",
        "in": "header",
        "description": "Does it only if the resource's etag is still this one, else 412. `*` is true of any.",
        "schema": {"type": "string", "pattern": f"^(W/)?({quoted}|{bare})?$"},
    }


def _owned(template: Template) -> Iterator[tuple[str, str]]:
    """Each segment with the field that takes it."""
    for part in template.parts:
        if isinstance(part, str):
            yield part, ""
        else:
            yield from ((segment, part.field) for segment in part.segments)


def _general(segment: str, is_last: bool) -> str:
    if segment == REST:
        return _ANY_SEGMENTS
    return _ANY_LAST_SEGMENT if is_last else _ANY_SEGMENT
