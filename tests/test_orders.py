"""Orders, from the outside: REST → gRPC → mutual TLS → a saga over four services."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Mapping

from tests.homes import Home
from tests.mesh import ROOT
from tests.rest import Answer, Rest

GRPCURL = ROOT / ".souk/bin/grpcurl"


def order(product: str = "products/saffron", quantity: int = 1, card: str = "tok_visa") -> Mapping[str, object]:
    return {"lines": [{"product": product, "quantity": quantity}], "cardToken": card}


def place(rest: Rest, body: Mapping[str, object], key: str | None = None) -> Answer:
    return rest.post("/v1/customers/aziz/orders", body, key)


def available(rest: Rest, product: str) -> int:
    return int(rest.get(f"/v1/products/{product}/stock").body.get("available", 0))


def test_an_order_reaches_confirmed_and_its_payment_is_captured(rest: Rest) -> None:
    placed = place(rest, order(quantity=2))

    assert placed.status == 200, placed
    assert placed.body["state"] == "STATE_CONFIRMED"
    assert placed.body["total"] == {"currencyCode": "EUR", "units": "15", "nanos": 900000000}
    assert rest.get(f"/v1/{placed.body['payment']}").body["state"] == "STATE_CAPTURED"
    assert rest.get(f"/v1/{placed.body['name']}").body["state"] == "STATE_CONFIRMED"


def test_a_confirmed_order_takes_its_pieces_from_the_stock(rest: Rest) -> None:
    before = available(rest, "brass-tray")

    place(rest, order("products/brass-tray", 3))

    assert available(rest, "brass-tray") == before - 3


def test_the_same_key_gives_the_same_order_and_charges_once(rest: Rest) -> None:
    key = str(uuid.uuid4())
    before = available(rest, "saffron")

    first, second = place(rest, order(), key), place(rest, order(), key)

    assert first.body["name"] == second.body["name"]
    assert available(rest, "saffron") == before - 1


def test_the_same_key_with_another_order_is_refused(rest: Rest) -> None:
    key = str(uuid.uuid4())
    place(rest, order(), key)

    refused = place(rest, order(quantity=2), key)

    assert (refused.status, refused.reason) == (409, "REQUEST_ID_REUSED")


def test_a_declined_card_gives_the_stock_back(rest: Rest) -> None:
    before = available(rest, "brass-tray")

    declined = place(rest, order("products/brass-tray", card="tok_declined"))

    assert (declined.status, declined.reason) == (400, "CARD_DECLINED")
    assert available(rest, "brass-tray") == before


def test_more_than_there_is_can_not_be_ordered(rest: Rest) -> None:
    refused = place(rest, order("products/oil-lamp", 9000))

    assert (refused.status, refused.reason) == (400, "INSUFFICIENT_STOCK")


def test_an_unknown_product_can_not_be_ordered(rest: Rest) -> None:
    refused = place(rest, order("products/flying-carpet"))

    assert (refused.status, refused.reason) == (404, "PRODUCT_NOT_FOUND")


def test_an_invalid_request_names_its_fields(rest: Rest) -> None:
    refused = place(rest, order(quantity=0, card="4111"))

    violations = next(d for d in refused.body["details"] if d["@type"].endswith("BadRequest"))["fieldViolations"]
    assert refused.status == 400
    assert {violation["field"] for violation in violations} == {"order.lines[0].quantity", "order.card_token"}


def test_cancelling_a_confirmed_order_refunds_and_restocks(rest: Rest) -> None:
    before = available(rest, "leather-pouf")
    placed = place(rest, order("products/leather-pouf", 2))

    cancelled = rest.post(f"/v1/{placed.body['name']}:cancel", {})

    assert cancelled.body["state"] == "STATE_CANCELLED"
    assert rest.get(f"/v1/{placed.body['payment']}").body["state"] == "STATE_REFUNDED"
    assert available(rest, "leather-pouf") == before


def test_a_card_that_charges_and_then_times_out_is_charged_once_and_the_order_confirmed(rest: Rest) -> None:
    placed = place(rest, order(card="tok_charge_then_timeout"))

    assert rest.settled_state(str(placed.body["name"])) == "STATE_CONFIRMED"


def test_watching_an_order_ends_when_it_is_decided(rest: Rest) -> None:
    placed = place(rest, order())

    watched = subprocess.run(
        ["curl", "-sN", "--max-time", "10", f"{rest.base}/v1/{placed.body['name']}:watch"],
        check=True,
        capture_output=True,
        text=True,
    )

    assert json.loads(watched.stdout.splitlines()[-1])["order"]["state"] == "STATE_CONFIRMED"


def test_stock_grpcurl_lists_describes_and_calls_every_public_service(home: Home) -> None:
    def grpcurl(*arguments: str, data: str = "{}") -> str:
        call = [str(GRPCURL), "-plaintext", "-d", data, home.address, *arguments]
        return subprocess.run(call, check=True, capture_output=True, text=True).stdout

    services = [name for name in grpcurl("list").split() if name.startswith("souk.")]

    assert services == [
        "souk.catalog.v1.CatalogService",
        "souk.inventory.v1.InventoryService",
        "souk.order.v1.OrderService",
        "souk.payment.v1.PaymentService",
    ]
    for service in services:
        assert f"service {service.rsplit('.')[-1]}" in grpcurl("describe", service)
    assert "saffron" in grpcurl("souk.catalog.v1.CatalogService/ListProducts")
    assert "available" in grpcurl(
        "souk.inventory.v1.InventoryService/GetStock", data='{"name": "products/saffron/stock"}'
    )
    orders = json.loads(
        grpcurl("souk.order.v1.OrderService/ListOrders", data='{"parent": "customers/aziz", "pageSize": 1}')
    )
    payment = orders["orders"][0]["payment"]
    assert payment in grpcurl("souk.payment.v1.PaymentService/GetPayment", data=json.dumps({"name": payment}))
