"""Keeps prices for a few seconds, so that a rush for one product is not one for the catalog."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock

from souk_chassis.money import Money

from souk_order.clients import Catalog

# A price takes some 400 bytes here: these are four megabytes at the most.
MOST_PRICES = 10_000


@dataclass
class KeptPrices:
    """A catalog whose prices are asked for again once they are as old as `keep`; for zero, each time.

    An order takes prices that the catalog had within that time. What the catalog does not have is not kept: a new
    product can be ordered at once.
    """

    catalog: Catalog
    keep: timedelta
    clock: Callable[[], float] = time.monotonic
    most: int = MOST_PRICES
    _kept: "OrderedDict[str, tuple[float, Money]]" = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def prices(self, products: Sequence[str]) -> Mapping[str, Money]:
        """The prices of these products, of which only those are asked for that are not known.

        Raises:
            Refused: PRODUCT_NOT_FOUND.
        """
        # A price is as old as the question: it may have changed right after the catalog had looked.
        asked_at = self.clock()
        known = self._known(products, asked_at)
        unknown = [product for product in products if product not in known]
        if not unknown:
            return known
        found = self.catalog.prices(unknown)
        if self.keep:
            self._remember(found, asked_at)
        return {**known, **found}

    def _known(self, products: Sequence[str], now: float) -> dict[str, Money]:
        since = now - self.keep.total_seconds()
        with self._lock:
            kept = {product: self._kept[product] for product in products if product in self._kept}
        return {product: price for product, (asked_at, price) in kept.items() if asked_at > since}

    def _remember(self, found: Mapping[str, Money], asked_at: float) -> None:
        with self._lock:
            for product, price in found.items():
                if product in self._kept and self._kept[product][0] > asked_at:
                    continue  # somebody asked later, and was answered sooner
                self._kept[product] = (asked_at, price)
                self._kept.move_to_end(product)
            while len(self._kept) > self.most:
                self._kept.popitem(last=False)
