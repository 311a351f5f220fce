"""What a JSON body may be."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some
from souk_gateway.testing import Backend, Gateway

GOOD = '{"displayName": "a\\u00e9\\ud83c\\udf75\\n", "price": {"currency_code": "EUR", "units": "1"}, "etag": null}'


def refusal(gateway: Gateway, body: str | bytes, path: str = "/v1/products") -> tuple[int, str]:
    answer = gateway.call("POST", path, body.encode() if isinstance(body, str) else body)
    assert answer.headers["content-type"] == "application/json"
    return answer.status, answer.reason


def test_a_body_takes_both_spellings_of_a_field(gateway: Gateway, backend: Backend) -> None:
    assert gateway.call("POST", "/v1/products", GOOD.encode()).status == 200
    assert backend.requests[-1].product.price.currency_code == "EUR"
    assert backend.requests[-1].product.display_name == "aé🍵\n"


@pytest.mark.parametrize(
    ("body", "reason", "field"),
    [
        ('{"colour": "red"}', "UNKNOWN_FIELD", "product.colour"),
        ('{"price": {"unitz": "1"}}', "UNKNOWN_FIELD", "product.price.unitz"),
        ('{"displayName": "a", "displayName": "b"}', "DUPLICATE_FIELD", "product.displayName"),
        ('{"displayName": "a", "display_name": "b"}', "DUPLICATE_FIELD", "product.display_name"),
        ('{"displayName": "a", "displayNam\\u0065": "b"}', "DUPLICATE_FIELD", "product.displayName"),
        ('{"createTime": {"seconds": 1}}', "WRONG_TYPE", "product.createTime"),
        ('{"displayName": 7}', "MALFORMED_REQUEST", "product.display_name"),
        ('{"price": {"units": "many"}}', "MALFORMED_REQUEST", "product.price.units"),
        ('{"price": {"units": "9223372036854775808"}}', "MALFORMED_REQUEST", "product.price.units"),
        ('{"price": {"nanos": NaN}}', "MALFORMED_JSON", "product.price.nanos"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(gateway: Gateway, body: str, reason: str, field: str) -> None:
    answer = gateway.call("POST", "/v1/products", body.encode())
    assert (answer.status, answer.json["code"], answer.reason, answer.fields) == (400, 3, reason, [field])


def test_a_field_of_a_list_is_named_with_its_place(gateway: Gateway) -> None:
    body = {"lines": [{"product": "products/mug"}, {"prodcut": "products/mug"}]}
    answer = gateway.call("POST", "/v1/customers/eve/orders", body)
    assert (answer.reason, answer.fields) == ("UNKNOWN_FIELD", ["order.lines[1].prodcut"])


@pytest.mark.parametrize(("query", "field"), [("colour=red", "colour"), ("pageSize=many", "page_size")])
def test_a_wrong_query_parameter_is_named_too(gateway: Gateway, query: str, field: str) -> None:
    answer = gateway.call("GET", f"/v1/products?{query}")
    assert (answer.status, answer.reason, answer.fields) == (400, "MALFORMED_REQUEST", [field])


@pytest.mark.parametrize(
    "body",
    [
        "{'displayName': 'a'}",
        '{displayName: "a"}',
        '{"displayName": "a",}',
        '{"displayName" "a"}',
        '{"displayName": "a"} {}',
        '{"displayName": "a"',
        '{"displayName": "\\x61"}',
        '{"displayName": "\\ud800"}',
        '{"displayName": "a\nb"}',
        '{"price": {"nanos": 01}}',
        '{"price": {"nanos": +1}}',
        '{"price": {"nanos": .5}}',
        '/* a */ {"displayName": "a"}',
        "[]",
        '"displayName"',
        b'{"displayName": "\xff"}',
        b'{"displayName": "\xed\xa0\x80"}',
        b'{"displayName": "\xc0\x80"}',
        b'{"displayName": "\xf5\x80\x80\x80"}',
        b'\xef\xbb\xbf{"displayName": "a"}',
    ],
)
def test_only_json_as_the_rfc_has_it_is_taken(gateway: Gateway, body: str | bytes) -> None:
    assert refusal(gateway, body) == (400, "MALFORMED_JSON")


def test_nesting_ends_before_it_hurts_a_service(gateway: Gateway, backend: Backend) -> None:
    before = len(backend.requests)
    assert refusal(gateway, '{"price": ' + "[" * 40 + "]" * 40 + "}") == (400, "BODY_TOO_DEEP")
    assert refusal(gateway, '{"a": ' * 100_000) == (400, "UNKNOWN_FIELD")
    assert refusal(gateway, '{"price": ' + "[" * 500_000) == (400, "BODY_TOO_DEEP")
    assert len(backend.requests) == before


def mutated(text: str, at: int, what: str, length: int) -> str:
    at %= len(text)
    return text[:at] + what + text[at + length :]


def is_strict_json(text: str) -> bool:
    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        return dict(pairs)

    def never(constant: str) -> None:
        raise ValueError(constant)

    try:
        parsed = json.loads(text, object_pairs_hook=unique, parse_constant=never)
        json.dumps(parsed, ensure_ascii=False).encode()
    except (ValueError, UnicodeEncodeError):
        return False
    return isinstance(parsed, dict)


@given(
    at=some.integers(0, 200),
    what=some.text(alphabet='{}[]":,\\ue01-.tn \n\x00\x7fé', max_size=3),
    length=some.integers(0, 2),
)
@example(at=7, what="", length=0)
@settings(max_examples=150, deadline=None, database=None)
def test_json_is_refused_exactly_where_pythons_parser_refuses_it(
    gateway: Gateway, at: int, what: str, length: int
) -> None:
    text = mutated(GOOD, at, what, length)
    answer = gateway.call("POST", "/v1/products", text.encode())
    malformed = answer.status == 400 and answer.reason == "MALFORMED_JSON"
    # The first thing that is wrong is told, so that an unknown field may hide what is malformed behind it.
    hidden = answer.status == 400 and answer.reason in ("UNKNOWN_FIELD", "DUPLICATE_FIELD", "WRONG_TYPE")
    assert malformed == (not is_strict_json(text)) or hidden


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/grpc-json", "application/json-seq"]
)
def test_a_body_of_another_kind_is_refused(gateway: Gateway, kind: str) -> None:
    answer = gateway.call("POST", "/v1/products", b"{}", {"content-type": kind})
    assert (answer.status, answer.reason) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_a_body_of_no_kind_is_refused_and_no_body_needs_none(gateway: Gateway) -> None:
    answer = gateway.call("POST", "/v1/products", b"{}", {"content-type": ""})
    assert (answer.status, answer.reason) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert gateway.call("POST", "/v1/products").status == 200


def test_json_may_say_its_charset(gateway: Gateway) -> None:
    kind = {"content-type": "Application/JSON; charset=utf-8"}
    assert gateway.call("POST", "/v1/products", b"{}", kind).status == 200


def test_a_body_that_nobody_would_read_is_refused(gateway: Gateway, backend: Backend) -> None:
    before = len(backend.requests)
    answer = gateway.call("DELETE", "/v1/products/mug", {"etag": "old"})
    assert (answer.status, answer.reason) == (400, "UNEXPECTED_BODY")
    assert len(backend.requests) == before


def test_a_body_past_the_limit_is_refused(gateway: Gateway) -> None:
    assert refusal(gateway, json.dumps({"description": "x" * (1 << 20)})) == (413, "REQUEST_TOO_LARGE")
    assert gateway.call("POST", "/v1/products", {"description": "x" * ((1 << 20) - 100)}).status == 200
