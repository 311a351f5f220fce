"""Callers who reserve and buy without a pause, at whichever versions serve at the moment, and note every answer."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

import grpc
from souk.inventory.v1 import inventory_pb2 as pb
from souk.inventory.v1.inventory_pb2_grpc import InventoryServiceStub

from tests.mesh import PATIENCE_SECONDS

CALLERS = 4
# So many that each version has met what the other wrote, in each direction, before the next change.
ENOUGH = 120
PRODUCTS = tuple(f"products/p{number}" for number in range(3))
CALL_SECONDS = 20


@dataclass
class Traffic:
    """What was called where, and what came of it. Many threads write to it."""

    answered: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    bought: dict[str, str] = field(default_factory=dict)
    """Product by reservation, for each that was confirmed as committed."""
    delivered: Counter[str] = field(default_factory=Counter)
    """Pieces by product, for each delivery that was confirmed."""
    _places: tuple[tuple[str, InventoryServiceStub], ...] = ()
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _calling: Counter[str] = field(default_factory=Counter)
    _numbers: Iterator[int] = field(default_factory=count)
    _over: bool = False

    @contextmanager
    def flowing(self) -> Iterator[None]:
        """Callers call until the end of the block, or until something fails; what they have begun they end."""
        threads = [threading.Thread(target=self._keep_calling) for _ in range(CALLERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            with self._changed:
                self._over = True
                self._changed.notify_all()
            for thread in threads:
                thread.join()

    @contextmanager
    def goes_to(self, address: str) -> Iterator[None]:
        """Sends calls there, too, until the end of the block, when those that run have been answered."""
        with grpc.insecure_channel(address, options=[("grpc.enable_retries", 0)]) as channel:
            place = (address, InventoryServiceStub(channel))
            with self._changed:
                self._places += (place,)
                self._changed.notify_all()
            try:
                yield
            finally:
                with self._changed:
                    self._places = tuple(each for each in self._places if each != place)
                    assert self._changed.wait_for(lambda: not self._calling[address], PATIENCE_SECONDS)

    def is_answered_by(self, addresses: Sequence[str]) -> None:
        """Waits until each of them has answered enough calls from now on, or something failed."""
        with self._changed:
            wanted = {address: self.answered[address] + ENOUGH for address in addresses}
            in_time = self._changed.wait_for(
                lambda: self.failures or all(self.answered[each] >= wanted[each] for each in wanted), PATIENCE_SECONDS
            )
        assert in_time, f"only {dict(self.answered)} calls were answered"

    def _keep_calling(self) -> None:
        while not self._over and not self.failures:
            self._round()

    def _round(self) -> None:
        """Delivers a piece, sets it aside and buys it, each at another place if there is one."""
        number = next(self._numbers)
        product, name = PRODUCTS[number % len(PRODUCTS)], f"reservations/r{number}"
        line = pb.ReservationLine(product=product, quantity=1)
        delivery = pb.AdjustStockRequest(name=f"{product}/stock", delta=1)
        if self._call(number, lambda to: to.AdjustStock(delivery, timeout=CALL_SECONDS)):
            with self._changed:
                self.delivered[product] += 1
            reservation = pb.ReserveStockRequest(name=name, lines=[line])
            if self._call(number + 1, lambda to: to.ReserveStock(reservation, timeout=CALL_SECONDS)) and self._call(
                number + 2,
                lambda to: to.CommitReservation(pb.CommitReservationRequest(name=name), timeout=CALL_SECONDS),
            ):
                with self._changed:
                    self.bought[name] = product

    def _call(self, number: int, call: Callable[[InventoryServiceStub], object]) -> bool:
        with self._changed:
            if not self._changed.wait_for(lambda: self._places or self._over, PATIENCE_SECONDS) or not self._places:
                return False
            address, stub = self._places[number % len(self._places)]
            self._calling[address] += 1
        problem = ""
        try:
            call(stub)
        except grpc.RpcError as error:
            problem = f"{address}: {error}"
        with self._changed:
            self._calling[address] -= 1
            self.answered[address] += not problem
            self.failures += [problem] if problem else []
            self._changed.notify_all()
        return not problem
