"""How old the prices of an order may be."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import uuid4

import pytest
from grpc import StatusCode
from souk.catalog.v1 import catalog_pb2
from souk_catalog.api import CACHE_CONTROL
from souk_chassis.errors import Refused
from souk_chassis.money import Money
from souk_order.prices import KeptPrices
from souk_order.serving import Settings

from .world import Shop, refused

KEEP = timedelta(seconds=5)


@dataclass
class Listed:
    """A catalog, a clock, and what the catalog was asked."""

    now: float = 0
    units: int = 1
    there: set[str] = field(default_factory=lambda: {"a", "b", "c"})
    asked: list[list[str]] = field(default_factory=list)
    takes: float = 0

    def prices(self, products: Sequence[str]) -> Mapping[str, Money]:
        self.asked.append(list(products))
        for product in products:
            if product not in self.there:
                raise Refused("PRODUCT_NOT_FOUND", product, code=StatusCode.NOT_FOUND)
        self.now += self.takes
        return {product: Money("EUR", self.units) for product in products}


@pytest.fixture
def catalog() -> Listed:
    return Listed()


@pytest.fixture
def kept(catalog: Listed) -> KeptPrices:
    return KeptPrices(catalog, KEEP, clock=lambda: catalog.now)


def test_a_price_is_asked_for_once_in_its_time(catalog: Listed, kept: KeptPrices) -> None:
    for catalog.now in (0, 2, 4.9):
        assert kept.prices(["a"]) == {"a": Money("EUR", 1)}
        catalog.units = 2
    assert catalog.asked == [["a"]]
    catalog.now = 5
    assert kept.prices(["a"]) == {"a": Money("EUR", 2)}


def test_only_what_is_not_known_is_asked_for(catalog: Listed, kept: KeptPrices) -> None:
    kept.prices(["a", "b"])
    assert list(kept.prices(["a", "c", "b"])) == ["a", "b", "c"]
    assert catalog.asked == [["a", "b"], ["c"]]


def test_a_price_is_as_old_as_the_question(catalog: Listed, kept: KeptPrices) -> None:
    catalog.takes = 4
    kept.prices(["a"])
    catalog.now = 5
    kept.prices(["a"])
    assert len(catalog.asked) == 2


def test_a_product_that_was_not_there_can_be_ordered_as_soon_as_it_is(catalog: Listed, kept: KeptPrices) -> None:
    with pytest.raises(Refused, match="PRODUCT_NOT_FOUND"):
        kept.prices(["new"])
    catalog.there.add("new")
    assert kept.prices(["new"]) == {"new": Money("EUR", 1)}


def test_nothing_is_kept_for_no_time(catalog: Listed, kept: KeptPrices) -> None:
    always = replace(kept, keep=timedelta(0))
    always.prices(["a"])
    always.prices(["a"])
    assert catalog.asked == [["a"], ["a"]]


def test_no_more_is_kept_than_there_is_room_for_and_the_oldest_goes_first(catalog: Listed, kept: KeptPrices) -> None:
    small = replace(kept, most=2)
    for product in ("a", "b", "c", "b", "a"):
        small.prices([product])
    assert catalog.asked == [["a"], ["b"], ["c"], ["a"]]


def test_an_answer_that_was_long_on_its_way_does_not_push_out_a_younger_one(catalog: Listed, kept: KeptPrices) -> None:
    @dataclass
    class Slow:
        def prices(self, products: Sequence[str]) -> Mapping[str, Money]:
            catalog.now, catalog.units = 3, 2
            kept.prices(products)  # a second caller, who is answered while the first one waits
            return {product: Money("EUR", 1) for product in products}

    first = KeptPrices(Slow(), KEEP, clock=lambda: catalog.now, _kept=kept._kept)
    assert first.prices(["a"]) == {"a": Money("EUR", 1)}
    assert kept.prices(["a"]) == {"a": Money("EUR", 2)}


def test_many_callers_at_once_get_right_prices(catalog: Listed, kept: KeptPrices) -> None:
    catalog.there = {f"p{number}" for number in range(50)}
    small = replace(kept, most=5)

    def ask(number: int) -> bool:
        wanted = [f"p{number % 50}", f"p{number * 7 % 50}"]
        return small.prices(wanted) == dict.fromkeys(wanted, Money("EUR", 1))

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(ask, range(2000)))
    assert len(small._kept) <= 5


def test_a_price_of_the_real_catalog_is_taken_up_when_its_time_is_over(shop: Shop) -> None:
    now = [0.0]
    stub = shop.catalog
    product = stub.CreateProduct(
        catalog_pb2.CreateProductRequest(
            product=catalog_pb2.Product(display_name="Lamp", price=Money("EUR", 5).to_proto()),
            product_id=f"kept-{uuid4().hex[:8]}",
        )
    )
    kept = KeptPrices(shop.peers.catalog, KEEP, clock=lambda: now[0])
    assert kept.prices([product.name]) == {product.name: Money("EUR", 5)}
    product.price.units = 6
    stub.UpdateProduct(catalog_pb2.UpdateProductRequest(product=product))
    assert kept.prices([product.name]) == {product.name: Money("EUR", 5)}
    now[0] = 5
    assert kept.prices([product.name]) == {product.name: Money("EUR", 6)}
    stub.DeleteProduct(catalog_pb2.DeleteProductRequest(name=product.name))
    now[0] = 10
    with refused("PRODUCT_NOT_FOUND", StatusCode.NOT_FOUND):
        kept.prices([product.name])


def test_prices_are_kept_no_longer_than_the_catalog_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:///unused.db")
    assert f"max-age={Settings().catalog_cache_seconds:g}" in CACHE_CONTROL
