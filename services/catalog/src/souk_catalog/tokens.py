"""Page tokens of the products: where a list goes on, bound to its order and its filter."""

import unicodedata
from datetime import UTC, datetime, timedelta

from souk_chassis import pages

from souk_catalog.domain import NAME
from souk_catalog.listing import Cursor
from souk_catalog.orders import BY_NAME, Order

_LIST = "souk.catalog.v1.CatalogService/ListProducts"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def encode(cursor: Cursor | None, order: Order, filter_: str) -> str:
    """The token of a cursor; empty for none."""
    if cursor is None:
        return ""
    values = [(each - _EPOCH) // _MICROSECOND if isinstance(each, datetime) else each for each in cursor]
    return pages.encode(values, query=_query(order, filter_))


def decode(token: str, order: Order, filter_: str) -> Cursor:
    """The cursor of a token; empty for none.

    Raises:
        Refused: INVALID_PAGE_TOKEN, if it is not one, or one of another order or filter.
    """
    # Whoever makes a token by hand gets the sum right, but not what a database makes of any values.
    match order.field, pages.decode(token, query=_query(order, filter_)):
        case _, ():
            return ()
        case "name", (str(name),) if NAME.fullmatch(name):
            return (name,)
        case "display_name", (str(text), str(name)) if NAME.fullmatch(name) and _readable(text):
            return (text, name)
        case "create_time", (int(micros), str(name)) if NAME.fullmatch(name):
            return (_moment(micros), name)
    raise pages.invalid_token()


def _query(order: Order, filter_: str) -> str:
    # The plain list keeps the form that it had before there were orders and filters: tokens outlive a rollout.
    return f"{_LIST}\n{order}\n{filter_}" if filter_ or order != BY_NAME else _LIST


def _readable(text: str) -> bool:
    return all(unicodedata.category(each) not in ("Cc", "Cs") for each in text)


def _moment(micros: int) -> datetime:
    try:
        return _EPOCH + micros * _MICROSECOND
    except OverflowError:
        raise pages.invalid_token() from None
