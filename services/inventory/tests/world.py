"""What the tests hold in their hands: an inventory and a clock that they turn."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from souk.inventory.v1 import inventory_pb2 as pb
from souk.inventory.v1.inventory_pb2_grpc import InventoryServiceStub
from souk_chassis.database import Database


@dataclass
class Clock:
    """A clock that stands still until it is turned."""

    moment: datetime = field(default_factory=lambda: datetime(2026, 1, 1, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.moment

    def turn(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass(frozen=True)
class Inventory:
    """What a caller says to it, in few words. Names are given without their collections."""

    rpc: InventoryServiceStub
    clock: Clock
    database: Database

    def stock(self, product: str) -> tuple[int, int]:
        """On hand and reserved."""
        answer = self.rpc.GetStock(pb.GetStockRequest(name=f"products/{product}/stock"))
        assert answer.available == answer.on_hand - answer.reserved
        return answer.on_hand, answer.reserved

    def adjust(self, product: str, delta: int, request_id: str = "") -> pb.Stock:
        name = f"products/{product}/stock"
        return self.rpc.AdjustStock(pb.AdjustStockRequest(name=name, delta=delta, request_id=request_id))

    def reserve(self, name: str, hold: int = 0, request_id: str = "", **lines: int) -> pb.Reservation:
        return self.rpc.ReserveStock(
            pb.ReserveStockRequest(
                name=f"reservations/{name}",
                lines=[pb.ReservationLine(product=f"products/{key}", quantity=value) for key, value in lines.items()],
                hold_seconds=hold,
                request_id=request_id,
            ),
            timeout=20,
        )

    def commit(self, name: str, request_id: str = "") -> pb.Reservation:
        return self.rpc.CommitReservation(
            pb.CommitReservationRequest(name=f"reservations/{name}", request_id=request_id)
        )

    def release(self, name: str, request_id: str = "") -> pb.Reservation:
        return self.rpc.ReleaseReservation(
            pb.ReleaseReservationRequest(name=f"reservations/{name}", request_id=request_id)
        )
