"""Pages of products: each goes on after a key that has an index, so that the last costs no more than the first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import eq, ge, gt, le, lt, ne
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, and_, func, literal, or_, select, tuple_
from sqlalchemy.orm import aliased
from sqlmodel import Session

from souk_catalog.domain import Product
from souk_catalog.filters import Operator, Restriction
from souk_catalog.orders import BY_NAME, Order
from souk_catalog.store import ProductRow, product_of

# A filter that few products pass would read the whole table for one page: a page ends after so many, which takes some
# ten milliseconds, however many of them it has found.
LOOKED_AT = 2000

Cursor: TypeAlias = tuple[str | datetime, ...]
"""The values of the order's columns at one product; empty before the first."""

_ATTRIBUTES = {"price.currency_code": "currency_code", "price.units": "price_units"}
_COMPARISONS = {
    Operator.EQUAL: eq,
    Operator.DIFFERENT: ne,
    Operator.LESS: lt,
    Operator.AT_MOST: le,
    Operator.GREATER: gt,
    Operator.AT_LEAST: ge,
}
_ASCII_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


@dataclass(frozen=True)
class Query:
    """What is listed, and in which order."""

    order: Order = BY_NAME
    restrictions: tuple[Restriction, ...] = ()


@dataclass(frozen=True)
class Page:
    """Some products, and where the next page goes on; None behind the last."""

    products: tuple[Product, ...]
    next: Cursor | None


def page(session: Session, query: Query, after: Cursor, size: int) -> Page:
    """The products behind the cursor. There may be fewer than `size`, or none, though more follow.

    What is added, changed or deleted meanwhile neither repeats nor hides another product.
    """
    if query.restrictions:
        return _filtered(session, query, after, size)
    statement = select(ProductRow).where(*_beyond(query.order, after)).order_by(*_sorted(ProductRow, query.order))
    rows = session.execute(statement.limit(size + 1)).scalars().all()
    return _page(rows, query.order, size, None)


def _filtered(session: Session, query: Query, after: Cursor, size: int) -> Page:
    order = query.order
    # One statement, so that all of it sees the same products; and what is looked at is settled before the filter comes,
    # since a planner would rather read the whole table for a filter that it takes for rare.
    ahead = select(ProductRow).where(*_beyond(order, after)).order_by(*_sorted(ProductRow, order)).limit(LOOKED_AT)
    looked = ahead.cte("looked")
    one: Any = aliased(ProductRow, looked)
    last = select(one.name).order_by(*_sorted(one, Order(order.field, not order.descending))).limit(1)
    passes = and_(*(_holds(one, restriction) for restriction in query.restrictions))
    count = select(func.count()).select_from(looked).scalar_subquery()
    # The last one that was looked at comes along, whether it passes or not: there the next page goes on.
    statement = select(one, passes, count).where(or_(passes, one.name == last.scalar_subquery()))
    found = session.execute(statement.order_by(*_sorted(one, order)).limit(size + 1)).all()
    full = bool(found) and found[-1][2] == LOOKED_AT
    end = cursor_at(product_of(found[-1][0]), order) if full else None
    return _page([row for row, passed, _ in found if passed], order, size, end)


def _page(rows: Sequence[ProductRow], order: Order, size: int, end: Cursor | None) -> Page:
    products = tuple(product_of(row) for row in rows[:size])
    return Page(products, cursor_at(products[-1], order) if len(rows) > size else end)


def cursor_at(product: Product, order: Order) -> Cursor:
    """The key of a product."""
    match order.field:
        case "display_name":
            return (product.details.display_name, product.name)
        case "create_time":
            return (product.create_time, product.name)
    return (product.name,)


def _key(source: Any, order: Order) -> list[Any]:  # noqa: ANN401 - the table, or what was taken from it
    names = ["name"] if order.field == "name" else [order.field, "name"]
    return [getattr(source, name) for name in names]


def _beyond(order: Order, after: Cursor) -> list[ColumnElement[bool]]:
    if not after:
        return []
    columns = _key(ProductRow, order)
    values = (literal(value, column.type) for column, value in zip(columns, after, strict=True))
    # As a row of values: an OR of the columns would not be read as a range of the index.
    return [(lt if order.descending else gt)(tuple_(*columns), tuple_(*values))]


def _sorted(source: Any, order: Order) -> list[ColumnElement[Any]]:  # noqa: ANN401
    return [column.desc() if order.descending else column.asc() for column in _key(source, order)]


def _holds(source: Any, restriction: Restriction) -> ColumnElement[bool]:  # noqa: ANN401
    column = getattr(source, _ATTRIBUTES.get(restriction.field, restriction.field))
    if restriction.operator is Operator.HAS:
        # The column has the C collation, and SQLite knows no other: both lower ASCII only.
        lowered = str(restriction.value).translate(_ASCII_LOWER)
        return func.lower(column).contains(lowered, autoescape=True)
    compared: ColumnElement[bool] = _COMPARISONS[restriction.operator](column, restriction.value)
    return compared
