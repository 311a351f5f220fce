"""The OpenAPI document of the shop, as the gateway serves it."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

from openapi_spec_validator import OpenAPIV31SpecValidator, validate
from souk_gateway import reasons
from souk_gateway.descriptors import load
from souk_gateway.replies import REFUSALS
from souk_gateway.testing import Gateway, Json

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT: Json = json.loads((ROOT / "services/gateway/src/souk_gateway/openapi.json").read_text())


def operations() -> Iterator[tuple[str, Json]]:
    for path, verbs in DOCUMENT["paths"].items():
        for verb, operation in verbs.items():
            yield f"{verb.upper()} {path}", operation


def operation(identity: str) -> Json:
    return next(one for _, one in operations() if one["operationId"] == identity)


def body(identity: str) -> Json:
    schema = operation(identity)["requestBody"]["content"]["application/json"]["schema"]
    reference = schema.get("$ref", "").rpartition("/")[2]
    return DOCUMENT["components"]["schemas"][reference] if reference else schema


def parameter(identity: str, name: str) -> Json:
    return next(one for one in operation(identity)["parameters"] if one["name"] == name)


def test_the_gateway_serves_it_as_it_is_committed(gateway: Gateway) -> None:
    answer = gateway.call("GET", "/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json == DOCUMENT


def test_it_is_what_the_standard_wants() -> None:
    validate(DOCUMENT, cls=OpenAPIV31SpecValidator)


def test_it_describes_every_call_by_rest_and_no_others() -> None:
    methods = [method for service in load().public_services for method in service.methods]
    assert {re.sub(r"\{\w+\}", "*", one) for one, _ in operations()} == {
        f"{one.verb} {one.template.shape}" for method in methods for one in method.bindings
    }


def test_an_operation_is_called_after_its_service_and_method_so_that_clients_keep_their_names() -> None:
    methods = {
        f"{one.name.rpartition('.')[2]}_{method.name}" for one in load().public_services for method in one.methods
    }
    assert {one["operationId"] for _, one in operations()} == methods


def test_every_operation_and_every_parameter_has_words() -> None:
    assert [name for name, one in operations() if not one["summary"] or not one["description"]] == []
    assert [
        (name, given["name"]) for name, one in operations() for given in one["parameters"] if not given["description"]
    ] == []


def test_what_stands_in_a_path_has_a_name_and_the_rule_of_its_field() -> None:
    assert parameter("OrderService_GetOrder", "customer")["schema"]["pattern"] == "^[a-z0-9-]{1,40}$"
    assert parameter("OrderService_GetOrder", "order")["schema"]["pattern"] == "^[a-z0-9-]{1,40}$"
    assert parameter("PaymentService_GetPayment", "payment")["schema"]["pattern"] == "^[a-z0-9-]{1,60}$"


def test_rules_of_the_protos_bound_what_is_sent() -> None:
    product = body("CatalogService_CreateProduct")
    assert product["required"] == ["displayName", "price"]
    assert product["properties"]["displayName"] == {
        "type": "string",
        "minLength": 1,
        "maxLength": 200,
        "description": "What customers read; 1 to 200 characters. Must have no control characters.",
    }
    assert "Must be above zero" in product["properties"]["price"]["description"]
    lines = body("OrderService_PlaceOrder")["properties"]["lines"]
    assert (lines["minItems"], lines["maxItems"]) == (1, 100)
    assert parameter("CatalogService_ListProducts", "pageSize")["schema"]["minimum"] == 0
    names = parameter("CatalogService_BatchGetProducts", "names")
    assert names["required"]
    assert names["schema"]["items"]["pattern"] == "^products/[a-z0-9-]{1,40}$"


def test_an_id_that_may_be_left_empty_may_be_empty() -> None:
    identity = parameter("CatalogService_DeleteProduct", "requestId")["schema"]
    assert identity == {"type": "string", "anyOf": [{"format": "uuid"}, {"const": ""}]}


def test_what_the_server_sets_is_read_only_and_what_it_keeps_to_itself_is_never_given() -> None:
    order = body("OrderService_PlaceOrder")["properties"]
    assert order["total"]["readOnly"]
    assert order["cardToken"]["writeOnly"]
    assert (
        "Never given"
        in DOCUMENT["components"]["schemas"]["souk.order.v1.Order"]["properties"]["cardToken"]["description"]
    )


def test_nothing_is_required_of_a_change_but_the_whole_of_what_it_replaces() -> None:
    changes = body("CatalogService_UpdateProduct")
    assert "required" not in changes
    assert changes["properties"]["displayName"]["minLength"] == 1
    assert changes["properties"]["price"]["$ref"].endswith("/google.type.Money.Input")


def test_an_answer_holds_every_field_that_can_be_empty() -> None:
    stock = DOCUMENT["components"]["schemas"]["souk.inventory.v1.Stock"]
    assert stock["required"] == ["name", "onHand", "reserved", "available"]
    assert stock["properties"]["onHand"]["type"] == "string"
    product = DOCUMENT["components"]["schemas"]["souk.catalog.v1.Product"]
    assert "price" not in product["required"]


def test_a_stream_is_described_in_each_of_its_framings() -> None:
    content = operation("OrderService_WatchOrder")["responses"]["200"]["content"]
    assert list(content) == ["application/x-ndjson", "text/event-stream", "application/json"]
    assert content["application/json"]["schema"]["type"] == "array"


def test_headers_that_the_gateway_makes_something_of_are_named() -> None:
    assert parameter("OrderService_PlaceOrder", "Idempotency-Key")["schema"]["format"] == "uuid"
    assert parameter("CatalogService_DeleteProduct", "If-Match")
    assert parameter("CatalogService_GetProduct", "If-None-Match")
    assert "304" in operation("CatalogService_GetProduct")["responses"]
    assert "Link" in operation("CatalogService_ListProducts")["responses"]["200"]["headers"]
    assert "Retry-After" in DOCUMENT["components"]["responses"]["Failed"]["headers"]


def test_an_error_is_told_by_the_reasons_that_the_method_declares_and_those_of_everybody() -> None:
    responses = operation("CatalogService_UpdateProduct")["responses"]
    assert responses["404"]["x-reasons"] == ["PRODUCT_NOT_FOUND"]
    assert responses["409"]["x-reasons"] == ["ETAG_MISMATCH", "REQUEST_ID_REUSED"]
    assert responses["412"]["x-reasons"] == ["ETAG_MISMATCH"]
    assert "UNKNOWN_FIELD" in responses["400"]["x-reasons"]
    assert {"OVERLOADED", "BACKEND_TIMEOUT"} <= {*DOCUMENT["components"]["responses"]["Failed"]["x-reasons"]}


def test_every_reason_that_the_gateway_gives_is_described() -> None:
    lua = "\n".join(file.read_text() for file in (ROOT / "services/gateway/src/souk_gateway/lua").glob("*.lua"))
    given = {*re.findall(r'"([A-Z]+_[A-Z_]+)"', lua)} - {"ETAG_MISMATCH"}  # which is the service's
    assert given | {one.reason for one in REFUSALS} == reasons.gateways()


def test_every_reason_in_the_code_of_a_service_is_declared_in_the_protos() -> None:
    said = json.dumps(DOCUMENT)
    for service in ("catalog", "inventory", "order", "payment"):
        for file in (ROOT / "services" / service / "src").rglob("*.py"):
            for reason in raised(ast.parse(file.read_text())):
                assert f'"{reason}"' in said, f"{file}: declare {reason} beside the RPCs that give it, in protos/"
    for file in (ROOT / "chassis/src").rglob("*.py"):
        for reason in raised(ast.parse(file.read_text())):
            assert f'"{reason}"' in said, f"{file}: declare {reason} in souk/errors/v1/errors.proto"


def raised(code: ast.Module) -> Iterator[str]:
    """The constant first arguments of `Refused(…)`, and of functions named after it."""
    for node in ast.walk(code):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("Refused", "_refused"):
            match node.args:
                case [ast.Constant(value=str(reason)), *_] if reason:
                    yield reason
