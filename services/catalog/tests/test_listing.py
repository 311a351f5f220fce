"""Lists, over a real connection and on both databases: filtered, ordered, and page by page while others write."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.type.money_pb2 import Money
from grpc import StatusCode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from souk_catalog import listing
from souk_catalog.api import SERVICE
from souk_catalog.domain import Details, Product
from souk_catalog.filters import parse
from souk_catalog.listing import Query
from souk_catalog.orders import Order
from souk_catalog.store import ProductRow, product_of, row_of
from souk_chassis.database import Database
from souk_chassis.money import Money as Price
from souk_chassis.pages import encode
from souk_chassis.testing import emptied, invalid, refused
from sqlalchemy import event, insert, text

from .world import Catalog

ORDERS = ["name", "name desc", "display_name", "display_name desc", "create_time", "create_time desc"]
START = datetime(2026, 1, 1, tzinfo=UTC)


def euros(units: int) -> Money:
    return Money(currency_code="EUR", units=units)


def test_a_filter_lists_what_passes_all_its_restrictions(catalog: Catalog) -> None:
    catalog.create("a", display_name="Oil LAMP", price=euros(10))
    catalog.create("b", display_name="100% _lamp_ ÄÖ", price=euros(100))
    catalog.create("c", display_name="Rug", price=Money(currency_code="USD", units=99, nanos=990_000_000))
    middle = catalog.get("b").create_time.ToJsonString()
    for filter_, found in {
        'display_name:"lamp"': ["a", "b"],
        'display_name:"%"': ["b"],
        'display_name:"_"': ["b"],
        'display_name:"ÄÖ"': ["b"],
        'display_name:"äö"': [],
        'display_name = "Rug"': ["c"],
        'display_name != "Rug"': ["a", "b"],
        "price.units < 100": ["a", "c"],
        "price.units <= 99": ["a", "c"],
        "price.units >= 100": ["b"],
        'price.currency_code = "EUR" AND price.units < 100': ["a"],
        f'create_time < "{middle}"': ["a"],
        f'create_time = "{middle}"': ["b"],
        f'create_time >= "{middle}" AND update_time > "{middle}"': ["c"],
        "price.units > 5 AND price.units < 5": [],
    }.items():
        assert catalog.pages(filter_=filter_) == found, filter_
        assert catalog.pages(size=1, filter_=filter_, order_by="name desc") == found[::-1], filter_


def test_products_come_in_the_order_that_is_asked_for(catalog: Catalog) -> None:
    for product_id, display_name in (("a", "B"), ("c", "A-"), ("b", "A"), ("d", "a")):
        catalog.create(product_id, display_name=display_name)
    for order_by, found in {
        "": "abcd",
        "name desc": "dcba",
        "display_name": "bcad",
        "display_name desc, name desc": "dacb",
        "create_time": "acbd",
        "create_time desc": "dbca",
    }.items():
        for size in (1, 2, 50):
            assert catalog.pages(size, order_by=order_by) == list(found), order_by


def test_what_can_not_be_filtered_or_ordered_by_names_the_field(catalog: Catalog) -> None:
    with invalid("filter"):
        catalog.page(filter_="colour = red")
    with invalid("order_by"):
        catalog.page(order_by="price.units")
    with invalid("filter"):
        catalog.page(filter_="x" * 1001)


def test_a_page_token_goes_on_with_its_own_filter_and_order_only(catalog: Catalog) -> None:
    for product_id in "abc":
        catalog.create(product_id)
    cheap = "price.units < 100"
    tokens = {
        (filter_, order_by): catalog.page(1, "", filter_, order_by)[1]
        for filter_ in ("", cheap)
        for order_by in ("", "display_name", "display_name desc")
    }
    for (filter_, order_by), token in tokens.items():
        for other, another in tokens:
            if (other, another) == (filter_, order_by):
                assert len(catalog.page(1, token, other, another)[0]) == 1
            else:
                with refused("INVALID_PAGE_TOKEN", StatusCode.INVALID_ARGUMENT):
                    catalog.page(1, token, other, another)


def test_a_token_made_by_hand_is_refused_before_a_database_chokes_on_it(catalog: Catalog) -> None:
    by_hand: dict[str, list[list[str | int]]] = {
        "display_name": [["A"], [7, "products/a"], ["\0", "products/a"], ["A", "x"], ["A", "products/a", "A"]],
        "create_time": [["A", "products/a"], [10**30, "products/a"], [-(10**30), "products/a"], [7]],
    }
    for order_by, cursors in by_hand.items():
        for cursor in cursors:
            token = encode(cursor, query=f"{SERVICE}/ListProducts\n{order_by}\n")
            with refused("INVALID_PAGE_TOKEN", StatusCode.INVALID_ARGUMENT):
                catalog.page(token=token, order_by=order_by)


def test_the_longest_name_of_the_world_makes_a_token_that_is_taken(catalog: Catalog) -> None:
    for product_id in "ab":
        catalog.create(product_id * 40, display_name="\N{FIRE}" * 200)
    assert catalog.pages(1, order_by="display_name") == ["a" * 40, "b" * 40]


def a_row(number: int, **changes: Any) -> dict[str, object]:  # noqa: ANN401
    moment = START + timedelta(seconds=number)
    details = Details(f"Lamp {number % 7}", "", Price("EUR", number + 1))
    product = Product(f"products/p{number:06}", details, moment, moment)
    return row_of(replace(product, **changes)).model_dump()


writes = st.lists(
    st.one_of(
        st.tuples(st.just("create"), st.integers(100, 105)),
        st.tuples(st.just("delete"), st.integers(0, 7)),
        st.tuples(st.just("rename"), st.integers(0, 7)),
    ),
    max_size=4,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    listed=st.tuples(st.integers(2, 7), st.sampled_from(["", "price.units < 60"]), st.sampled_from(ORDERS)),
    between=st.lists(writes, max_size=8),
)
def test_pages_give_each_product_that_nobody_touches_exactly_once(
    catalog: Catalog,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    listed: tuple[int, str, str],
    between: list[list[tuple[str, int]]],
) -> None:
    size, filter_, order = listed
    monkeypatch.setattr(listing, "LOOKED_AT", 5)
    with emptied(database):
        with database.begin() as session:
            session.execute(insert(ProductRow), [a_row(number) for number in range(25)])
        seen: list[str] = []
        token = ""
        others = iter(between)
        while True:
            found, token = catalog.page(size, token, filter_, order)
            seen += found
            if not token:
                break
            _write(database, next(others, []))
        # The first eight may be touched.
        untouched = [f"p{number:06}" for number in range(8, 25)]
        assert sorted(name for name in seen if "p000008" <= name < "p000025") == untouched


def _write(database: Database, what: list[tuple[str, int]]) -> None:
    with database.begin() as session:
        for kind, number in what:
            name = f"products/p{number:06}"
            if kind == "rename":
                moved = {"display": f"Z {number}", "name": name}
                session.execute(text("UPDATE product SET display_name = :display WHERE name = :name"), moved)
            else:
                session.execute(text("DELETE FROM product WHERE name = :name"), {"name": name})
            if kind == "create":
                session.execute(insert(ProductRow), [a_row(number)])


@pytest.fixture(scope="module")
def many(database: Database) -> Iterator[Database]:
    """So many products that no planner prefers to read them all."""
    with emptied(database):
        with database.begin() as session:
            session.execute(insert(ProductRow), [a_row(number) for number in range(5000)])
        if database.engine.dialect.name == "postgresql":
            with database.begin() as session:
                session.execute(text("ANALYZE product"))
        yield database


def plans(database: Database, query: Query, after: listing.Cursor) -> list[str]:
    """How the database goes about each statement of a page."""
    asked: list[tuple[str, Any]] = []
    with database.read() as session:
        engine = session.get_bind()

        def note(_: object, __: object, statement: str, parameters: object, *___: object) -> None:
            if statement.startswith(("SELECT", "WITH")):
                asked.append((statement, parameters))

        event.listen(engine, "before_cursor_execute", note)
        try:
            listing.page(session, query, after, 50)
        finally:
            event.remove(engine, "before_cursor_execute", note)
        explain = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
        connection = session.connection()
        return [
            "\n".join(str(row[-1]) for row in connection.exec_driver_sql(f"{explain} {statement}", parameters))
            for statement, parameters in asked
        ]


@pytest.mark.parametrize("filter_", ["", 'price.units < 100 AND display_name:"lamp"'])
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("field", ["name", "display_name", "create_time"])
def test_a_page_is_a_range_of_an_index_and_nothing_is_sorted(
    many: Database, field: str, descending: bool, filter_: str
) -> None:
    order = Order(field, descending)
    with many.read() as session:
        middle = session.get(ProductRow, "products/p002500")
        assert middle is not None
        after = listing.cursor_at(product_of(middle), order)
    (plan,) = plans(many, Query(order, parse(filter_)), after)
    index = {"name": ("product_pkey", "sqlite_autoindex_product_1")}.get(field, (f"products_by_{field}",))
    assert any(name in plan for name in index), plan
    # The index is entered at the cursor: SQLite searches instead of scanning, PostgreSQL has a condition for it.
    assert "SEARCH product" in plan or "Index Cond: " in plan, plan
    assert "SCAN product" not in plan, plan
    assert "Seq Scan" not in plan, plan
    # Only what has passed the filter, a few thousand at the most, is sorted once more.
    assert filter_ or not ("Sort" in plan or "TEMP B-TREE" in plan), plan


@pytest.mark.parametrize("filter_", ["", "price.units < 0"])
@pytest.mark.parametrize("order", [Order(field) for field in ("name", "display_name", "create_time")], ids=str)
@pytest.mark.parametrize("migrated", ["sqlite"], indirect=True)
def test_a_page_deep_in_a_long_list_is_as_much_work_as_one_near_its_begin(
    many: Database, order: Order, filter_: str
) -> None:
    near, deep = (steps(many, Query(order, parse(filter_)), number) for number in (10, 2500))
    assert deep < 1.5 * near


def steps(database: Database, query: Query, number: int) -> int:
    """How many instructions SQLite carries out for the page behind a product."""
    counted = []
    with database.read() as session:
        row = session.get(ProductRow, f"products/p{number:06}")
        assert row is not None
        driver: Any = session.connection().connection.dbapi_connection
        driver.set_progress_handler(lambda: counted.append(1), 1)
        try:
            listing.page(session, query, listing.cursor_at(product_of(row), query.order), 50)
        finally:
            driver.set_progress_handler(None, 1)
    return len(counted)


def test_a_filter_that_nothing_passes_costs_no_more_than_a_few_thousand_products_a_page(many: Database) -> None:
    with many.read() as session:
        page = listing.page(session, Query(restrictions=parse("price.units < 0")), (), 50)
        assert page.products == ()
        assert page.next == (f"products/p{listing.LOOKED_AT - 1:06}",)


def test_an_unfiltered_list_ends_with_its_last_product(many: Database) -> None:
    with many.read() as session:
        assert listing.page(session, Query(), ("products/p004990",), 50).next is None
