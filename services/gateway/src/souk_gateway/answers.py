"""What an operation answers: results as the transcoder writes them, and errors in the one shape of the platform."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from souk_gateway.conditions import Json
from souk_gateway.descriptors import Binding, Method
from souk_gateway.parameters import gives_etag
from souk_gateway.reasons import Reason, Reasons
from souk_gateway.schemas import Schemas, Use

JSON, LINES, EVENTS = "application/json", "application/x-ndjson", "text/event-stream"
_HTTP_BODY = "google.api.HttpBody"
_ERROR = "google.rpc.Status"
_STREAM = (
    "A stream, in the framing that `Accept` asks for: one object a line, events, or one array. "
    "An error that comes late is its last message."
)
_RETRY_AFTER: Json = {
    "description": "After how many seconds to try again, if that is known.",
    "schema": {"type": "string", "pattern": "^[0-9]+$"},
}
_CHALLENGE: Json = {
    "description": "With 401: by which scheme to say who is asking.",
    "schema": {"type": "string"},
}
_ETAG: Json = {
    "description": "Names this state of the resource, for `If-Match` and `If-None-Match`.",
    "schema": {"type": "string"},
}
_LINK: Json = {
    "description": '`<…>; rel="next"`: the next page; missing on the last one.',
    "schema": {"type": "string"},
}
FAILED = "Failed"
"""The name of what any call may be answered."""


@dataclass(frozen=True)
class Answers:
    """Writes responses."""

    schemas: Schemas
    reasons: Reasons

    def of(self, method: Method, binding: Binding) -> Json:
        """All the responses of an operation, by status."""
        answers: dict[str, object] = {"200": self._result(method, binding)}
        if gives_etag(method, binding):
            answers["304"] = {"description": "Not changed.", "headers": {"ETag": _ETAG}}
        for status, reasons in self.reasons.of(method, binding).items():
            answers[status] = _error(reasons)
        answers["default"] = {"$ref": f"#/components/responses/{FAILED}"}
        return dict(sorted(answers.items()))

    def failed(self) -> Json:
        """What any call may be answered: by every service, by the mesh and by the gateway."""
        by_status = sorted(self.reasons.general(), key=lambda one: one.status)
        answer = _error([Reason(one.name, one.status, f"{one.status}, {one.when}") for one in by_status])
        return {**answer, "headers": {"Retry-After": _RETRY_AFTER, "WWW-Authenticate": _CHALLENGE}}

    def _result(self, method: Method, binding: Binding) -> Json:
        headers: dict[str, object] = {}
        if gives_etag(method, binding):
            headers["ETag"] = _ETAG
        if binding.verb == "GET" and "next_page_token" in method.response.fields_by_name:
            headers["Link"] = _LINK
        said = _STREAM if method.server_streaming else "Done."
        answer: Json = {"description": said, "content": dict(self._content(method))}
        return {**answer, "headers": headers} if headers else answer

    def _content(self, method: Method) -> Iterator[tuple[str, Json]]:
        if method.response.full_name == _HTTP_BODY:
            yield "*/*", {"schema": {"type": "string", "format": "binary"}}
            return
        result = self.schemas.reference(method.response, Use.GIVEN)
        if method.server_streaming:
            yield LINES, {"schema": result}
            yield EVENTS, {"schema": result}
            yield JSON, {"schema": {"type": "array", "items": result}}
        else:
            yield JSON, {"schema": result}


def _error(reasons: Sequence[Reason]) -> Json:
    return {
        "description": "\n".join(f"- `{one.name}`: {one.when}" for one in reasons),
        "content": {JSON: {"schema": {"$ref": f"#/components/schemas/{_ERROR}"}}},
        "x-reasons": sorted({one.name for one in reasons}),
    }
