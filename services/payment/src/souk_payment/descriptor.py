"""What the customer reads on the bank statement: the one thing in which version 2 differs."""

from enum import Enum

# What the card networks print.
MAX_LENGTH = 22
_SHOP = "SOUK"


class Style(Enum):
    """How a descriptor is made."""

    PLAIN = "plain"
    ORDER = "order"

    def describe(self, order: str) -> str:
        """The descriptor for `customers/{customer}/orders/{order}`; of a long order id, its end."""
        if self is Style.PLAIN:
            return _SHOP
        room = MAX_LENGTH - len(_SHOP) - 1
        order_id = order.rpartition("/")[2].upper()
        return f"{_SHOP} {order_id[-room:].lstrip('-')}".rstrip()
