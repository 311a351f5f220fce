"""The catalog's RPCs: proto in, proto out."""

import re
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import TypeVar
from uuid import uuid4

import grpc
from google.protobuf import empty_pb2
from google.protobuf.field_mask_pb2 import FieldMask
from protovalidate import Validator
from souk.catalog.v1 import catalog_pb2 as pb
from souk.catalog.v1.catalog_pb2_grpc import CatalogServiceServicer
from souk_chassis import pages
from souk_chassis.database import Database
from souk_chassis.errors import Violation
from souk_chassis.idempotency import idempotent
from souk_chassis.money import Money
from souk_chassis.validation import check

from souk_catalog.domain import EDITABLE, Details, Product, editable, invalid, unreadable
from souk_catalog.store import Products

SERVICE = pb.DESCRIPTOR.services_by_name["CatalogService"].full_name
DEFAULT_PAGE, LARGEST_PAGE = 50, 1000

# A page may be shorter than asked for: clients take messages of 4 MiB, and JSON buffers on the way often only 1 MiB.
PAGE_BYTES = 512 * 1024

# A page token of another list must not pass for one of this.
_LIST = f"{SERVICE}/ListProducts"
_NAME = re.compile(r"products/[a-z0-9-]{1,40}")
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

    def GetProduct(self, request: pb.GetProductRequest, _context: grpc.ServicerContext) -> pb.Product:
        """Reads one product."""
        with self._database.read() as session:
            return _message(Products(session).get(request.name))

    def BatchGetProducts(
        self, request: pb.BatchGetProductsRequest, _context: grpc.ServicerContext
    ) -> pb.BatchGetProductsResponse:
        """Reads several products, all or none."""
        with self._database.read() as session:
            found = Products(session).all_of(request.names)
        return pb.BatchGetProductsResponse(products=[_message(product) for product in found])

    def ListProducts(self, request: pb.ListProductsRequest, _context: grpc.ServicerContext) -> pb.ListProductsResponse:
        """Reads a page of products, in the order of their names."""
        after = _cursor(pages.decode(request.page_token, query=_LIST))
        size = min(request.page_size or DEFAULT_PAGE, LARGEST_PAGE)
        with self._database.read() as session:
            found = [_message(product) for product in Products(session).after(after, size + 1)]
        page = _fitting(found[:size])
        token = pages.encode([page[-1].name], query=_LIST) if len(page) < len(found) else ""
        return pb.ListProductsResponse(products=page, next_page_token=token)

    def UpdateProduct(self, request: pb.UpdateProductRequest, _context: grpc.ServicerContext) -> pb.Product:
        """Changes the fields that the mask names."""
        name, mask = request.product.name, FieldMask(paths=editable(request.update_mask.paths))
        if not _NAME.fullmatch(name):
            raise invalid([Violation("product.name", "must be products/{product}, of lower case, digits and hyphens")])
        self._judge(request.product, (*mask.paths, "etag"))

        def update(products: Products) -> pb.Product:
            product = products.lock(name)
            product.must_be(request.product.etag)
            merged = _message(product)
            mask.MergeMessage(request.product, merged, replace_message_field=True)
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
            raise invalid([Violation(f"product.{each.field}", each.description) for each in judged])

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


def _cursor(values: tuple[str | int, ...]) -> str:
    """The name to go on after. Whoever makes a token by hand gets the sum right, but that is no product's name."""
    match values:
        case ():
            return ""
        case (str(name),) if _NAME.fullmatch(name):
            return name
    raise pages.invalid_token()


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
