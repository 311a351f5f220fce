"""The rules of the catalog: what a product is, and how it changes. Plain data in, plain data out."""

import re
import unicodedata
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Self

from grpc import StatusCode
from souk_chassis.errors import Refused, Violation
from souk_chassis.money import Money

NAME = re.compile(r"products/[a-z0-9-]{1,40}")


@dataclass(frozen=True)
class Details:
    """What a seller says about a product, and may say otherwise later."""

    display_name: str
    description: str
    price: Money


EDITABLE = tuple(field.name for field in fields(Details))


@dataclass(frozen=True)
class Product:
    """Something that the shop sells, known by its resource name, `products/{product}`."""

    name: str
    details: Details
    create_time: datetime
    update_time: datetime
    revision: int = 1

    @property
    def etag(self) -> str:
        """Another one after every change, also when the product was deleted and made anew. Strong, hence the quotes."""
        return f'"{self.create_time.timestamp() * 1_000_000:.0f}-{self.revision}"'

    def revise(self, details: Details, now: datetime) -> Self:
        """The product with these details; itself if they are what it has."""
        if details == self.details:
            return self
        return replace(self, details=details, update_time=now, revision=self.revision + 1)

    def must_be(self, etag: str) -> None:
        """Makes a change conditional; an empty etag sets no condition.

        Raises:
            Refused: ETAG_MISMATCH when the product has changed since the caller read it.
        """
        if etag and etag != self.etag:
            raise Refused(
                "ETAG_MISMATCH",
                f"{self.name} has changed since it had etag {etag}: read it again",
                code=StatusCode.ABORTED,
                metadata={"product": self.name, "etag": self.etag},
            )


def unreadable(display_name: str, description: str) -> list[Violation]:
    """Control characters: a name has none, a description no more than line breaks and tabs."""
    found = []
    if _controls(display_name):
        found.append(Violation("display_name", "must have no control characters"))
    if _controls(description) - set("\t\r\n"):
        found.append(Violation("description", "must have no control characters but line breaks and tabs"))
    return found


def not_found(name: str) -> Refused:
    """What a request is answered that is about a product which is not there."""
    return Refused("PRODUCT_NOT_FOUND", f"{name} does not exist", code=StatusCode.NOT_FOUND, metadata={"product": name})


def exists(name: str) -> Refused:
    """What a request is answered that adds a product under a name which is taken."""
    return Refused(
        "PRODUCT_EXISTS",
        f"{name} exists: choose another product_id, or update it",
        code=StatusCode.ALREADY_EXISTS,
        metadata={"product": name},
    )


def _controls(text: str) -> set[str]:
    return {character for character in text if unicodedata.category(character) == "Cc"}
