"""What the gateway says about its environment."""

from typing import Any

import pytest
from souk_gateway.bootstrap import bootstrap
from souk_gateway.descriptors import load
from souk_gateway.settings import Address, Misconfigured, read

API = load().public()
BACKENDS = {f"{name}_ADDRESS": f"{name.lower()}:50051" for name in ("CATALOG", "INVENTORY", "ORDER", "PAYMENT")}


def test_everything_but_the_backends_has_a_default() -> None:
    settings = read(API.public_services, BACKENDS)
    assert str(settings.listen) == "0.0.0.0:8080"
    assert str(settings.admin) == "127.0.0.1:9901"
    assert settings.backends["souk.order.v1.OrderService"] == Address("order", 50051)


def test_in_a_pod_with_an_address_of_its_own_everything_listens_there() -> None:
    settings = read(API.public_services, {**BACKENDS, "LISTEN_HOST": "127.16.3.2"})
    assert {str(one) for one in (settings.admin, settings.reflection)} == {"127.16.3.2:9901", "127.16.3.2:50053"}


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(Misconfigured) as raised:
        read(API.public_services, {**BACKENDS, "ORDER_ADDRESS": "", "CATALOG_ADDRESS": "catalog", "PORT": "x"})
    assert str(raised.value).splitlines() == [
        "PORT='x' can't be: give a number from 1 to 65535",
        "CATALOG_ADDRESS is 'catalog': give where souk.catalog.v1.CatalogService is, such as catalog:50051",
        "ORDER_ADDRESS is not set: give where souk.order.v1.OrderService is, such as order:50051",
    ]


def test_every_route_to_a_backend_says_the_name_that_the_environment_gave_and_leaves_time_to_the_caller() -> None:
    configuration: Any = bootstrap(API, read(API.public_services, BACKENDS))
    listener = configuration["static_resources"]["listeners"][0]
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    routes = [one["route"] for one in manager["route_config"]["virtual_hosts"][0]["routes"] if "route" in one]
    known = {*BACKENDS.values(), "127.0.0.1:50053"}
    assert {route["host_rewrite_literal"] for route in routes} == known
    assert {route["timeout"] for route in routes} == {"0s"}
