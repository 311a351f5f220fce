"""What Schemathesis must know beside the document: its check of reasons, and what a schema can't say of a request."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import schemathesis
from schemathesis import Case, CheckContext, HookContext, Response
from schemathesis.core.failures import Failure
from schemathesis.openapi.checks import RejectedPositiveData

from tests.rest import Answer

# Fields that hold a language of their own, by AIP-132, AIP-134 and AIP-160; the words beside them say which.
_LANGUAGES = ("filter", "order_by", "update_mask")
AnyCase = Case[Any]

# A request that is as its schema wants it can't be refused for these.
_OF_SHAPE = frozenset({"MALFORMED_REQUEST", "MALFORMED_JSON", "UNKNOWN_FIELD", "DUPLICATE_FIELD", "WRONG_TYPE"})


@schemathesis.deserializer("application/x-ndjson")
def first_line(_context: object, response: Response) -> object:
    """A stream's first message."""
    return json.loads(response.content.splitlines()[0])


@schemathesis.deserializer("text/event-stream")
def first_event(_context: object, response: Response) -> object:
    """A stream's first message."""
    return json.loads(response.content.splitlines()[0].removeprefix(b"data: "))


@schemathesis.check
def an_error_has_a_reason_that_is_described(_context: CheckContext, response: Response, case: AnyCase) -> None:
    """Every error is a google.rpc.Status whose reason the document has, at this operation or among those of all."""
    if response.status_code < 400 or response.request.method == "HEAD":
        return
    assert response.headers.get("content-type") == ["application/json"], f"no JSON: {response.text}"
    answer = Answer(response.status_code, response.json())
    assert answer.body["message"], "an error without words"
    if response.status_code == 403 and not answer.body["details"]:
        return  # the mesh has said so, which knows who may call but no reasons
    assert answer.reason in _described(case, response.status_code), f"{answer.reason} is not described"


@schemathesis.hook
def filter_failure(_context: HookContext, failure: Failure, case: AnyCase, response: Response) -> bool:
    """Drops refusals of good requests that the document has in words: rules that no schema can say, and states."""
    if failure.title == "Schema-violating request accepted":
        # In the JSON of protobuf a field that is null is one that isn't there.
        return not (isinstance(case.body, dict) and None in case.body.values())
    if not isinstance(failure, RejectedPositiveData):
        return True
    answer = Answer(response.status_code, response.json())
    if all(one["field"] in _LANGUAGES for one in _violations(answer)):
        return False
    if answer.reason == "INVALID_ARGUMENT":
        words = json.dumps(case.operation.schema.raw_schema, ensure_ascii=False)
        return not all(
            _sentence(one["description"]) in words or one["field"] in _LANGUAGES or _is_left_out(case, one["field"])
            for one in _violations(answer)
        )
    return answer.reason in _OF_SHAPE or answer.reason not in _described(case, response.status_code)


def _is_left_out(case: AnyCase, field: str) -> bool:
    """Whether a change doesn't have a field that its mask names, which may be all of them."""
    return case.method == "PATCH" and isinstance(case.body, dict) and _camel(field.partition(".")[2]) not in case.body


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(one.title() for one in others)


def _described(case: AnyCase, status: int) -> set[str]:
    document: Mapping[str, Any] = case.operation.schema.raw_schema
    own = case.operation.definition.raw["responses"].get(str(status), {})
    return {*own.get("x-reasons", ()), *document["components"]["responses"]["Failed"]["x-reasons"]}


def _violations(answer: Answer) -> Sequence[Mapping[str, str]]:
    return [one for detail in answer.body["details"] for one in detail.get("fieldViolations", ())] or [
        {"field": "", "description": "no field was named"}
    ]


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
