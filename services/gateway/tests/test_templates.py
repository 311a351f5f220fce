"""Path templates of google.api.http."""

import re

import pytest
from souk_gateway.templates import MalformedTemplate, parse


@pytest.mark.parametrize(
    ("text", "shape", "fields"),
    [
        ("/v1/products", "/v1/products", []),
        ("/v1/{name=products/*}", "/v1/products/*", ["name"]),
        ("/v1/{product.name=products/*}:void", "/v1/products/*:void", ["product.name"]),
        ("/v1/{shelf}/books/{book}", "/v1/*/books/*", ["shelf", "book"]),
        ("/v1/{path=files/**}", "/v1/files/**", ["path"]),
        ("/v1/products:batchGet", "/v1/products:batchGet", []),
    ],
)
def test_a_template_is_read(text: str, shape: str, fields: list[str]) -> None:
    template = parse(text)
    assert (template.shape, [variable.field for variable in template.variables]) == (shape, fields)


@pytest.mark.parametrize("text", ["", "v1", "/", "/v1/{name", "/v1//x", "/v1/**/x", "/v1/{a={b}}"])
def test_what_is_no_template_is_refused(text: str) -> None:
    with pytest.raises(MalformedTemplate):
        parse(text)


@pytest.mark.parametrize(
    ("text", "taken", "left"),
    [
        ("/v1/{name=products/*}", ["/v1/products/a", "/v1/products/a%3Ab"], ["/v1/products/a:b", "/v1/products/a/b"]),
        ("/v1/{name=a/*}:go", ["/v1/a/b:go"], ["/v1/a/b", "/v1/a/b:stop", "/v1/a/b:c:go"]),
        ("/v1/{path=files/**}", ["/v1/files/a/b"], ["/v1/files", "/v1/files/a:b"]),
    ],
)
def test_the_regex_takes_the_paths_of_the_template_and_no_others(text: str, taken: list[str], left: list[str]) -> None:
    template = parse(text)
    regex = re.compile(template.regex)
    assert all(regex.fullmatch(path) and path.startswith(template.head) for path in taken)
    assert not any(regex.fullmatch(path) for path in left)


@pytest.mark.parametrize(
    ("text", "head", "is_literal"),
    [
        ("/v1/products", "/v1/products", True),
        ("/v1/products:batchGet", "/v1/products:batchGet", True),
        ("/v1/{name=products/*}", "/v1/products/", False),
        ("/v1/{parent=customers/*}/orders", "/v1/customers/", False),
        ("/{name}:close", "/", False),
        ("/v1/{name=files/**}", "/v1/files/", False),
    ],
)
def test_a_template_tells_how_its_paths_begin_and_whether_there_is_but_one(
    text: str, head: str, is_literal: bool
) -> None:
    assert (parse(text).head, parse(text).is_literal) == (head, is_literal)
