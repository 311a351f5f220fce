"""The table of the catalog, and what is asked of it."""

from collections.abc import Collection
from datetime import datetime

from souk_chassis.money import Money
from souk_chassis.rows import Moment, added, table_of
from sqlalchemy import BigInteger, Column, Index, Integer, String, Text, bindparam, delete, update
from sqlmodel import Field, Session, SQLModel, col, select

from souk_catalog.domain import Details, Product, exists, not_found

# Pages go on after a name, so names must have one order everywhere; a server's own collation may skip hyphens.
NAME = String(60).with_variant(String(60, collation="C"), "postgresql")
DISPLAY_NAME = String(200).with_variant(String(200, collation="C"), "postgresql")


class ProductRow(SQLModel, table=True):
    """One product."""

    __tablename__ = "product"

    name: str = Field(sa_column=Column(NAME, primary_key=True))
    display_name: str = Field(sa_column=Column(DISPLAY_NAME, nullable=False))
    description: str = Field(sa_column=Column(Text, nullable=False))
    currency_code: str = Field(sa_column=Column(String(3), nullable=False))
    price_units: int = Field(sa_column=Column(BigInteger, nullable=False))
    price_nanos: int = Field(sa_column=Column(Integer, nullable=False))
    create_time: datetime = Field(sa_column=Column(Moment, nullable=False))
    update_time: datetime = Field(sa_column=Column(Moment, nullable=False))
    revision: int = Field(sa_column=Column(Integer, nullable=False))


# One for each order in which products are listed; backwards they are as good.
Index("products_by_display_name", col(ProductRow.display_name), col(ProductRow.name))
Index("products_by_create_time", col(ProductRow.create_time), col(ProductRow.name))


_TABLE = table_of(ProductRow)
_ALL_OF = select(ProductRow).where(col(ProductRow.name).in_(bindparam("names", expanding=True)))
_GET = select(ProductRow).where(col(ProductRow.name) == bindparam("name"))
# What this session has read before may have changed while it waited for the lock.
_LOCK = _GET.with_for_update().execution_options(populate_existing=True)
_SAVE = update(_TABLE).where(_TABLE.c.name == bindparam("of_name"))
_REMOVE = delete(_TABLE).where(_TABLE.c.name == bindparam("name"))


class Products:
    """The products, inside one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, name: str) -> Product:
        """A product, as it is now.

        Raises:
            Refused: PRODUCT_NOT_FOUND.
        """
        return product_of(_one(self._session.exec(_GET, params={"name": name}).one_or_none(), name))

    def lock(self, name: str) -> Product:
        """A product; nobody else changes it until this transaction has ended.

        Raises:
            Refused: PRODUCT_NOT_FOUND.
        """
        return product_of(_one(self._session.exec(_LOCK, params={"name": name}).one_or_none(), name))

    def all_of(self, names: Collection[str]) -> tuple[Product, ...]:
        """These products, in this order.

        Raises:
            Refused: PRODUCT_NOT_FOUND for the first that is missing.
        """
        found = {row.name: row for row in self._session.exec(_ALL_OF, params={"names": list(names)})}
        for name in names:
            if name not in found:
                raise not_found(name)
        return tuple(product_of(found[name]) for name in names)

    def add(self, product: Product) -> None:
        """Puts a new product there.

        Raises:
            Refused: PRODUCT_EXISTS.
        """
        if not added(self._session, row_of(product)):
            raise exists(product.name)

    def save(self, product: Product) -> None:
        """Keeps a product that was locked before."""
        self._session.execute(_SAVE, {"of_name": product.name, **row_of(product).model_dump()})

    def remove(self, name: str) -> None:
        """Takes away a product that was locked before."""
        self._session.execute(_REMOVE, {"name": name})


def _one(row: ProductRow | None, name: str) -> ProductRow:
    if row is None:
        raise not_found(name)
    return row


def row_of(product: Product) -> ProductRow:
    """How a product is kept."""
    details = product.details
    return ProductRow(
        name=product.name,
        display_name=details.display_name,
        description=details.description,
        currency_code=details.price.currency_code,
        price_units=details.price.units,
        price_nanos=details.price.nanos,
        create_time=product.create_time,
        update_time=product.update_time,
        revision=product.revision,
    )


def product_of(row: ProductRow) -> Product:
    """What a row says."""
    price = Money(row.currency_code, row.price_units, row.price_nanos)
    details = Details(row.display_name, row.description, price)
    return Product(row.name, details, row.create_time, row.update_time, row.revision)
