"""The OpenAPI document as the gateway serves it."""

import json
import re

from souk_gateway.descriptors import load
from souk_gateway.testing import Gateway


def test_it_describes_every_call_by_rest_and_no_others(gateway: Gateway) -> None:
    answer = gateway.call("GET", "/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    described = {
        (verb.upper(), re.sub(r"\{\w+\}", "*", path))
        for path, operations in answer.json["paths"].items()
        for verb in operations
    }
    methods = [method for service in load().public_services for method in service.methods]
    assert described == {(one.verb, one.template.shape) for method in methods for one in method.bindings}


def test_every_reference_leads_somewhere_and_every_operation_has_words(gateway: Gateway) -> None:
    document = gateway.call("GET", "/openapi.json").json
    referred = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert referred == set(document["components"]["schemas"])
    operations = [one for operations in document["paths"].values() for one in operations.values()]
    assert all(one["summary"] for one in operations)
    assert len({one["operationId"] for one in operations}) == len(operations)


def test_what_a_client_needs_to_know_is_there(gateway: Gateway) -> None:
    document = gateway.call("GET", "/openapi.json").json
    watch = document["paths"]["/v1/customers/{customer}/orders/{order}:watch"]["get"]
    assert list(watch["responses"]["200"]["content"]) == ["application/x-ndjson"]
    place = document["paths"]["/v1/customers/{customer}/orders"]["post"]
    assert [one["name"] for one in place["parameters"]] == ["customer", "requestId", "Idempotency-Key"]
    order = document["components"]["schemas"]["souk.order.v1.Order"]
    assert order["required"] == ["lines", "cardToken"]
    assert order["properties"]["total"]["readOnly"] is True
