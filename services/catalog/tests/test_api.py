"""What callers see, over a real connection, on both databases."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import grpc
import pytest
from google.type.money_pb2 import Money
from grpc import StatusCode
from souk.catalog.v1 import catalog_pb2 as pb
from souk_catalog.api import CACHE_CONTROL, SERVICE
from souk_chassis.errors import refusal
from souk_chassis.pages import encode
from souk_chassis.testing import invalid, refused

from .world import Catalog, a_product

grpc_max_workers = 10  # so many try at once


def test_a_product_is_read_as_it_was_created(catalog: Catalog) -> None:
    created = catalog.create("lamp")
    assert created == catalog.get("lamp")
    assert (created.name, created.display_name, created.price) == ("products/lamp", "Lamp", a_product().price)
    assert created.create_time == created.update_time
    assert created.etag.startswith('"')
    assert created.etag.endswith('"')


def test_an_id_is_chosen_when_none_is_given(catalog: Catalog) -> None:
    first, second = catalog.create(""), catalog.create("")
    assert first.name != second.name
    assert catalog.get(first.name.removeprefix("products/")) == first


def test_a_name_is_taken_once(catalog: Catalog) -> None:
    catalog.create("lamp")
    with refused("PRODUCT_EXISTS", StatusCode.ALREADY_EXISTS, product="products/lamp"):
        catalog.create("lamp")


def test_of_many_who_take_a_name_at_once_one_gets_it(catalog: Catalog) -> None:
    def create(number: int) -> str:
        try:
            catalog.create("lamp", display_name=f"Lamp {number}")
        except grpc.RpcError as error:
            return refusal(error).reason
        return ""

    with ThreadPoolExecutor(10) as pool:
        assert Counter(pool.map(create, range(10))) == {"": 1, "PRODUCT_EXISTS": 9}


def test_an_unknown_product_is_not_found_by_any_call(catalog: Catalog) -> None:
    catalog.create("lamp")
    for call in (
        lambda: catalog.get("rug"),
        lambda: catalog.batch("lamp", "rug"),
        lambda: catalog.update(a_product(name="products/rug")),
        lambda: catalog.delete("rug"),
    ):
        with refused("PRODUCT_NOT_FOUND", StatusCode.NOT_FOUND, product="products/rug"):
            call()


def test_a_batch_keeps_its_order_and_its_repetitions(catalog: Catalog) -> None:
    for product_id in ("a", "b", "c"):
        catalog.create(product_id)
    assert catalog.batch("c", "a", "b", "a") == ["c", "a", "b", "a"]


def test_pages_follow_each_other_by_name_and_miss_nothing(catalog: Catalog) -> None:
    ids = ["a", "a-b", "a0", "aa", "b", "b-1", "b1"]  # in the order of their characters
    for product_id in reversed(ids):
        catalog.create(product_id)
    assert catalog.page() == (ids, "")
    assert catalog.page(5000) == (ids, "")
    seen, token = catalog.page(3)
    catalog.create("a-a")  # on the page that was read already
    catalog.delete("aa")
    while token:
        page, token = catalog.page(3, token)
        seen += page
    assert seen == [each for each in ids if each != "aa"]


def test_a_page_ends_before_it_grows_too_large_for_a_message(catalog: Catalog) -> None:
    for number in range(45):
        catalog.create(f"p{number:02}", description="\N{FIRE}" * 4000)
    first, token = catalog.page(1000)
    assert len(first) == 32
    assert len(catalog.page(1000, token)[0]) == 13


def test_a_page_token_of_something_else_is_refused(catalog: Catalog) -> None:
    mine = f"{SERVICE}/ListProducts"
    cursors: list[list[str | int]] = [["products/a", 7], [7], ["products/\0"]]
    by_hand = [encode(cursor, query=mine) for cursor in cursors]
    for token in ("nonsense", encode(["products/a"]), encode(["customers/a", 7], query="another list"), *by_hand):
        with refused("INVALID_PAGE_TOKEN", StatusCode.INVALID_ARGUMENT):
            catalog.page(token=token)


def test_an_update_changes_what_the_mask_names_and_nothing_else(catalog: Catalog) -> None:
    before = catalog.create("lamp")
    after = catalog.update(pb.Product(name=before.name, display_name="Torch", description="No."), "display_name")
    assert (after.display_name, after.description, after.price) == ("Torch", before.description, before.price)
    assert after.update_time.ToNanoseconds() > before.update_time.ToNanoseconds()
    assert after.create_time == before.create_time
    assert after.etag != before.etag
    assert catalog.get("lamp") == after
    cheaper = catalog.update(pb.Product(name=before.name, price=Money(currency_code="USD", units=1)), "price")
    assert cheaper.price == Money(currency_code="USD", units=1)
    assert catalog.update(pb.Product(name=before.name), "description").description == ""


def test_an_update_without_a_mask_replaces_everything(catalog: Catalog) -> None:
    catalog.create("lamp")
    after = catalog.update(a_product(name="products/lamp", display_name="Torch", description=""))
    assert (after.display_name, after.description) == ("Torch", "")
    with invalid("product.price"):
        catalog.update(pb.Product(name="products/lamp", display_name="Torch"))


def test_a_star_means_every_field(catalog: Catalog) -> None:
    catalog.create("lamp")
    after = catalog.update(a_product(name="products/lamp", display_name="Torch", description=""), "*")
    assert (after.display_name, after.description) == ("Torch", "")


def test_an_update_may_name_a_part_of_the_price_and_the_whole_is_judged(catalog: Catalog) -> None:
    catalog.create("lamp")
    after = catalog.update(pb.Product(name="products/lamp", price=Money(units=7)), "price.units")
    assert after.price == Money(currency_code="EUR", units=7, nanos=990_000_000)
    assert catalog.update(pb.Product(name="products/lamp"), "price.nanos").price == Money(currency_code="EUR", units=7)
    with invalid("product.price"):
        catalog.update(pb.Product(name="products/lamp"), "price.units")
    assert catalog.get("lamp").price == Money(currency_code="EUR", units=7)


def test_a_product_may_be_sent_back_whole_as_it_was_read(catalog: Catalog) -> None:
    read = catalog.create("lamp")
    read.display_name = "Torch"
    read.create_time.seconds = 1
    everything = [field.name for field in pb.Product.DESCRIPTOR.fields]
    after = catalog.update(read, *everything)
    assert after.display_name == "Torch"
    assert after.create_time == catalog.get("lamp").create_time != read.create_time


def test_a_mask_of_nothing_that_can_be_changed_changes_nothing(catalog: Catalog) -> None:
    before = catalog.create("lamp")
    assert catalog.update(pb.Product(name=before.name, display_name="Torch"), "update_time") == before


def test_an_update_that_changes_nothing_keeps_the_etag(catalog: Catalog) -> None:
    before = catalog.create("lamp")
    assert catalog.update(before) == before


def test_only_the_masked_fields_are_judged(catalog: Catalog) -> None:
    catalog.create("lamp")
    with invalid("product.display_name"):
        catalog.update(pb.Product(name="products/lamp", display_name="x" * 201), "display_name")
    assert catalog.update(pb.Product(name="products/lamp", description="New."), "description").description == "New."


@pytest.mark.parametrize(
    "price",
    [
        Money(currency_code="EUR"),
        Money(currency_code="EUR", units=-1),
        Money(currency_code="EUR", units=1, nanos=-1),
        Money(currency_code="EUR", units=1, nanos=1_000_000_000),
        Money(currency_code="euro", units=1),
        Money(units=1),
    ],
)
@pytest.mark.parametrize("migrated", ["sqlite"], indirect=True)
def test_a_price_is_above_zero_and_well_formed(catalog: Catalog, price: Money) -> None:
    catalog.create("lamp")
    with invalid("product.price"):
        catalog.create("rug", price=price)
    with invalid("product.price"):
        catalog.update(pb.Product(name="products/lamp", price=price), "price")


def test_a_malformed_request_names_its_field(catalog: Catalog) -> None:
    with invalid("product_id"):
        catalog.create("Lamp")
    with invalid("product"):
        catalog.rpc.CreateProduct(pb.CreateProductRequest(product_id="lamp"))
    with invalid("name"):
        catalog.get("lamp/oil")
    with invalid("names[1]"):
        catalog.batch("lamp", "")
    with invalid("page_size"):
        catalog.page(-1)
    with invalid("product.name"):
        catalog.update(a_product(name="lamp"))
    with invalid("product.name"):
        catalog.rpc.UpdateProduct(pb.UpdateProductRequest())
    with invalid("update_mask"):
        catalog.update(a_product(name="products/lamp"), "display_name", "colour")
    with invalid("update_mask"):
        catalog.update(a_product(name="products/lamp"), "price.units.more")
    with invalid("request_id"):
        catalog.delete("lamp", request_id="no uuid")


def test_control_characters_are_refused_before_a_database_chokes_on_them(catalog: Catalog) -> None:
    with invalid("product.display_name", "product.description"):
        catalog.create("lamp", display_name="La\0mp", description="\0")
    catalog.create("lamp", description="One line,\nanother\tone.")
    with invalid("product.display_name"):
        catalog.update(pb.Product(name="products/lamp", display_name="La\nmp"), "display_name")


def test_an_etag_that_none_of_ours_can_be_breaks_a_rule_whatever_the_mask_names(catalog: Catalog) -> None:
    catalog.create("lamp")
    with invalid("product.etag"):
        catalog.update(pb.Product(name="products/lamp", display_name="Torch", etag="x" * 65), "display_name")


def test_a_change_on_condition_of_an_old_etag_is_refused(catalog: Catalog) -> None:
    old = catalog.create("lamp")
    new = catalog.update(pb.Product(name=old.name, display_name="Torch", etag=old.etag), "display_name")
    with refused("ETAG_MISMATCH", StatusCode.ABORTED, product="products/lamp", etag=new.etag):
        catalog.update(pb.Product(name=old.name, display_name="Sun", etag=old.etag), "display_name")
    with refused("ETAG_MISMATCH", StatusCode.ABORTED):
        catalog.delete("lamp", etag=old.etag)
    assert catalog.get("lamp") == new
    catalog.delete("lamp", etag=new.etag)
    assert catalog.create("lamp").etag not in {old.etag, new.etag}


def test_if_match_is_the_same_condition(catalog: Catalog) -> None:
    old = catalog.create("lamp")
    change = pb.UpdateProductRequest(product=a_product(name=old.name, display_name="Torch"))
    changed = catalog.rpc.UpdateProduct(change, metadata=(("if-match", old.etag),))
    with refused("ETAG_MISMATCH", StatusCode.ABORTED, etag=changed.etag):
        catalog.rpc.UpdateProduct(change, metadata=(("if-match", f"W/{old.etag}"),))
    with refused("ETAG_MISMATCH", StatusCode.ABORTED):
        catalog.rpc.DeleteProduct(pb.DeleteProductRequest(name=old.name), metadata=(("if-match", old.etag),))
    catalog.rpc.DeleteProduct(pb.DeleteProductRequest(name=old.name), metadata=(("if-match", changed.etag),))


BY_REST = [("x-envoy-original-path", "/v1/products/lamp")]
"""What the gateway's transcoder adds."""


def test_reads_tell_how_long_they_may_be_kept_and_changes_do_not(catalog: Catalog) -> None:
    def said(call: grpc.Call) -> dict[str, str | bytes]:
        return {key: value for key, value in call.initial_metadata() or () if key in ("etag", "cache-control")}

    product = catalog.create("lamp")
    _, read = catalog.rpc.GetProduct.with_call(pb.GetProductRequest(name=product.name), metadata=BY_REST)
    assert said(read) == {"etag": product.etag, "cache-control": CACHE_CONTROL}
    _, batch = catalog.rpc.BatchGetProducts.with_call(
        pb.BatchGetProductsRequest(names=[product.name]), metadata=BY_REST
    )
    assert said(batch) == {"cache-control": CACHE_CONTROL}
    _, change = catalog.rpc.UpdateProduct.with_call(pb.UpdateProductRequest(product=product), metadata=BY_REST)
    assert said(change) == {"etag": product.etag}
    _, listed = catalog.rpc.ListProducts.with_call(pb.ListProductsRequest(), metadata=BY_REST)
    assert said(listed) == {}


def test_of_many_who_update_on_the_same_condition_one_succeeds(catalog: Catalog) -> None:
    etag = catalog.create("lamp").etag

    def update(number: int) -> str:
        try:
            catalog.update(pb.Product(name="products/lamp", display_name=f"Lamp {number}", etag=etag), "display_name")
        except grpc.RpcError as error:
            return refusal(error).reason
        return ""

    with ThreadPoolExecutor(10) as pool:
        assert Counter(pool.map(update, range(10))) == {"": 1, "ETAG_MISMATCH": 9}


def test_a_repeated_request_id_is_done_once_and_answered_alike(catalog: Catalog) -> None:
    again = str(uuid4())
    assert catalog.create("", request_id=again) == catalog.create("", request_id=again)
    assert len(catalog.page()[0]) == 1
    with refused("REQUEST_ID_REUSED", StatusCode.ALREADY_EXISTS):
        catalog.create("rug", request_id=again)
    lamp = catalog.create("lamp")
    renamed = pb.Product(name=lamp.name, display_name="Torch", etag=lamp.etag)
    first = catalog.update(renamed, "display_name", request_id=again)
    assert catalog.update(renamed, "display_name", request_id=again) == first
    catalog.delete("lamp", request_id=again)
    catalog.delete("lamp", request_id=again)
    with refused("PRODUCT_NOT_FOUND", StatusCode.NOT_FOUND):
        catalog.delete("lamp")
