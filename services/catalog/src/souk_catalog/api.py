"""The catalog's RPCs: proto in, proto out."""

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import TypeVar
from uuid import uuid4

import grpc
from google.protobuf import empty_pb2
from protovalidate import Validator
from souk.catalog.v1 import catalog_pb2 as pb
from souk.catalog.v1.catalog_pb2_grpc import CatalogServiceServicer
from souk_chassis import masks
from souk_chassis.answer_headers import cacheable
from souk_chassis.database import Database
from souk_chassis.errors import Violation, invalid
from souk_chassis.idempotency import idempotent
from souk_chassis.money import Money
from souk_chassis.validation import check

from souk_catalog import filters, listing, orders, tokens
from souk_catalog.domain import EDITABLE, NAME, Details, Product, unreadable
from souk_catalog.store import Products

SERVICE = pb.DESCRIPTOR.services_by_name["CatalogService"].full_name
DEFAULT_PAGE, LARGEST_PAGE = 50, 1000

# A page may be shorter than asked for: clients take messages of 4 MiB, and JSON buffers on the way often only 1 MiB.
PAGE_BYTES = 512 * 1024

# Long enough to take a rush for one product off this service, short enough that nobody minds an old price: the order
# service keeps prices no longer (its CATALOG_CACHE_SECONDS). Public, since a product looks the same to everybody.
CACHE_CONTROL = "public, max-age=5"
Answer = TypeVar("Answer", pb.Product, empty_pb2.Empty)
Mutation = pb.CreateProductRequest | pb.UpdateProductRequest | pb.DeleteProductRequest


class CatalogApi(CatalogServiceServicer):
    """Serves `souk.catalog.v1.CatalogService`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._validator = Validator()

    def CreateProduct(self, request: pb.CreateProductRequest, _context: grpc.ServicerContext) -> pb.Product:
        """Adds a product under the id of the caller's choice, or one of ours."""
        self._judge(request.product, EDITABLE)
        name = f"products/{request.product_id or f'p{uuid4().hex[:16]}'}"

        def create(products: Products) -> pb.Product:
            moment = datetime.now(UTC)
            product = Product(name, _details(request.product), create_time=moment, update_time=moment)
            products.add(product)
            return _message(product)

        return self._once("CreateProduct", request, pb.Product, create)

    @cacheable(CACHE_CONTROL)
    def GetProduct(self, request: pb.GetProductRequest, _context: grpc.ServicerContext) -> pb.Product:
        """Reads one product."""
        with self._database.read() as session:
            return _message(Products(session).get(request.name))

    @cacheable(CACHE_CONTROL)
    def BatchGetProducts(
        self, request: pb.BatchGetProductsRequest, _context: grpc.ServicerContext
    ) -> pb.BatchGetProductsResponse:
        """Reads several products, all or none."""
        with self._database.read() as session:
            found = Products(session).all_of(request.names)
        return pb.BatchGetProductsResponse(products=[_message(product) for product in found])

    def ListProducts(self, request: pb.ListProductsRequest, _context: grpc.ServicerContext) -> pb.ListProductsResponse:
        """Reads a page of the products that pass the filter."""
        query = listing.Query(orders.parse(request.order_by), filters.parse(request.filter))
        after = tokens.decode(request.page_token, query.order, request.filter)
        size = min(request.page_size or DEFAULT_PAGE, LARGEST_PAGE)
        with self._database.read() as session:
            found = listing.page(session, query, after, size)
        products = _fitting([_message(product) for product in found.products])
        cut = len(products) < len(found.products)
        last = listing.cursor_at(found.products[len(products) - 1], query.order) if cut else found.next
        token = tokens.encode(last, query.order, request.filter)
        return pb.ListProductsResponse(products=products, next_page_token=token)

    def UpdateProduct(self, request: pb.UpdateProductRequest, _context: grpc.ServicerContext) -> pb.Product:
        """Changes the fields that the mask names."""
        name, paths = request.product.name, masks.editable(request.update_mask, pb.Product)
        if not NAME.fullmatch(name):
            raise invalid(Violation("product.name", "must be products/{product}, of lower case, digits and hyphens"))
        # What is given in part can be judged only with what is there already.
        parts = {path.partition(".")[0] for path in paths if "." in path}
        self._judge(request.product, (*paths, "etag"))

        def update(products: Products) -> pb.Product:
            product = products.lock(name)
            product.must_be(request.product.etag)
            merged = _message(product)
            masks.merge(paths, request.product, merged)
            self._judge(merged, parts)
            revised = product.revise(_details(merged), datetime.now(UTC))
            products.save(revised)
            return _message(revised)

        return self._once("UpdateProduct", request, pb.Product, update)

    def DeleteProduct(self, request: pb.DeleteProductRequest, _context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Takes a product out."""

        def delete(products: Products) -> empty_pb2.Empty:
            products.lock(request.name).must_be(request.etag)
            products.remove(request.name)
            return empty_pb2.Empty()

        return self._once("DeleteProduct", request, empty_pb2.Empty, delete)

    def _judge(self, product: pb.Product, fields: Collection[str]) -> None:
        """Holds these fields of a product against the rules; the others are not judged.

        Raises:
            Refused: INVALID_ARGUMENT, naming each field that breaks one.
        """
        found = [*check(self._validator, product), *unreadable(product.display_name, product.description)]
        judged = [each for each in found if each.field.partition(".")[0] in fields]
        if judged:
            raise invalid(*(Violation(f"product.{each.field}", each.description) for each in judged))

    def _once(
        self, rpc: str, request: Mutation, response_type: type[Answer], work: Callable[[Products], Answer]
    ) -> Answer:
        """Does the work once per request_id, in one transaction."""
        with self._database.begin() as session:
            return idempotent(
                session,
                method=f"{SERVICE}/{rpc}",
                request=request,
                response_type=response_type,
                run=lambda: work(Products(session)),
            )


def _fitting(products: list[pb.Product]) -> list[pb.Product]:
    """As many of them as fit into a page, but at least one if there is one."""
    total = 0
    for count, product in enumerate(products):
        total += product.ByteSize()
        if total > PAGE_BYTES and count:
            return products[:count]
    return products


def _details(message: pb.Product) -> Details:
    return Details(message.display_name, message.description, Money.from_proto(message.price))


def _message(product: Product) -> pb.Product:
    message = pb.Product(
        name=product.name,
        display_name=product.details.display_name,
        description=product.details.description,
        price=product.details.price.to_proto(),
        etag=product.etag,
    )
    message.create_time.FromDatetime(product.create_time)
    message.update_time.FromDatetime(product.update_time)
    return message
