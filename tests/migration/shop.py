"""All stalls in this process, over real connections, each on the database that it is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from threading import Event

from souk.acquirer.v1.acquirer_pb2_grpc import add_AcquirerServiceServicer_to_server
from souk.catalog.v1.catalog_pb2 import CreateProductRequest, Product
from souk.catalog.v1.catalog_pb2_grpc import CatalogServiceStub, add_CatalogServiceServicer_to_server
from souk.inventory.v1.inventory_pb2 import AdjustStockRequest, GetStockRequest
from souk.inventory.v1.inventory_pb2_grpc import InventoryServiceStub, add_InventoryServiceServicer_to_server
from souk.order.v1.order_pb2 import ListOrdersRequest, Order, OrderLine, PlaceOrderRequest
from souk.order.v1.order_pb2_grpc import OrderServiceStub, add_OrderServiceServicer_to_server
from souk.payment.v1.payment_pb2 import GetPaymentRequest, Payment
from souk.payment.v1.payment_pb2_grpc import PaymentServiceStub, add_PaymentServiceServicer_to_server
from souk_acquirer.api import SERVICE as ACQUIRER
from souk_acquirer.api import AcquirerApi
from souk_acquirer.store import Ledger
from souk_catalog.api import SERVICE as CATALOG
from souk_catalog.api import CatalogApi
from souk_chassis.database import Database
from souk_chassis.migration import migrate
from souk_chassis.money import Money
from souk_chassis.testing import client_of, local_settings, serving
from souk_inventory.api import SERVICE as INVENTORY
from souk_inventory.api import InventoryApi
from souk_order.api import SERVICE as ORDER
from souk_order.api import OrderApi
from souk_order.changes import Changes
from souk_order.checkout import Checkout, Peers
from souk_order.clients import GrpcCatalog, GrpcInventory, GrpcPayments
from souk_order.prices import KeptPrices
from souk_order.store import OrderStore
from souk_payment.acquirer import GrpcAcquirer
from souk_payment.api import SERVICE as PAYMENT
from souk_payment.api import PaymentApi
from souk_payment.descriptor import Style
from souk_payment.payments import Payments
from souk_payment.store import PaymentStore

CUSTOMER = "customers/ada"
CALL_SECONDS = 20


@dataclass(frozen=True)
class Shop:
    """What a customer and a bookkeeper ask."""

    catalog: CatalogServiceStub
    inventory: InventoryServiceStub
    order: OrderServiceStub
    payment: PaymentServiceStub

    def product(self, stock: int) -> str:
        """A new product, and so many pieces of it."""
        wanted = Product(display_name="A lamp", price=Money("EUR", 12, 0).to_proto())
        product = self.catalog.CreateProduct(CreateProductRequest(product=wanted), timeout=CALL_SECONDS).name
        self.inventory.AdjustStock(AdjustStockRequest(name=f"{product}/stock", delta=stock), timeout=CALL_SECONDS)
        return product

    def buy(self, product: str, card: str = "tok_visa") -> Order:
        """Places an order for one piece."""
        line = OrderLine(product=product, quantity=1)
        request = PlaceOrderRequest(parent=CUSTOMER, order=Order(lines=[line], card_token=card))
        return self.order.PlaceOrder(request, timeout=CALL_SECONDS)

    def books(self, product: str) -> tuple[list[Order], list[Payment], int]:
        """Every order, the payments of those that were confirmed, and how many pieces are left."""
        orders = list(self.order.ListOrders(ListOrdersRequest(parent=CUSTOMER, page_size=100)).orders)
        confirmed = [order for order in orders if order.state == Order.STATE_CONFIRMED]
        payments = [self.payment.GetPayment(GetPaymentRequest(name=order.payment)) for order in confirmed]
        return orders, payments, self.inventory.GetStock(GetStockRequest(name=f"{product}/stock")).on_hand


@contextmanager
def open_shop(urls: Mapping[str, str]) -> Iterator[Shop]:
    """Migrates the databases, by service, and serves on them until the end of the block."""
    with ExitStack() as stack:

        def database(name: str) -> Database:
            migrate(urls[name], f"souk_{name}")
            return stack.enter_context(Database(urls[name]))

        ledger = AcquirerApi(Ledger(database("acquirer")))
        bank = stack.enter_context(serving([(add_AcquirerServiceServicer_to_server, ledger, ACQUIRER)]))
        acquirer = GrpcAcquirer(stack.enter_context(client_of(bank)), patience=5)
        payment = PaymentApi(Payments(PaymentStore(database("payment")), acquirer), Style.PLAIN, "v1")
        stalls = stack.enter_context(
            serving(
                [
                    (add_CatalogServiceServicer_to_server, CatalogApi(database("catalog")), CATALOG),
                    (add_InventoryServiceServicer_to_server, InventoryApi(database("inventory")), INVENTORY),
                    (add_PaymentServiceServicer_to_server, payment, PAYMENT),
                ],
                local_settings(workers=16),
            )
        )
        channel = stack.enter_context(client_of(stalls))
        prices = KeptPrices(GrpcCatalog(channel), keep=timedelta(0))
        store, changes = OrderStore(database("order")), Changes()
        checkout = Checkout(store, Peers(prices, GrpcInventory(channel), GrpcPayments(channel)), changes)
        api = OrderApi(store, checkout, changes, draining=Event())
        front = stack.enter_context(serving([(add_OrderServiceServicer_to_server, api, ORDER)]))
        yield Shop(
            CatalogServiceStub(channel),
            InventoryServiceStub(channel),
            OrderServiceStub(stack.enter_context(client_of(front))),
            PaymentServiceStub(channel),
        )
