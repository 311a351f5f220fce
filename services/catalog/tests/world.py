"""What the tests hold in their hands: a catalog, and products to put into it."""

from dataclasses import dataclass

from google.protobuf.field_mask_pb2 import FieldMask
from google.type.money_pb2 import Money
from souk.catalog.v1 import catalog_pb2 as pb
from souk.catalog.v1.catalog_pb2_grpc import CatalogServiceStub


@dataclass(frozen=True)
class Catalog:
    """What a caller says to it, in few words. Products are given by their ids."""

    rpc: CatalogServiceStub

    def create(self, product_id: str, request_id: str = "", **fields: object) -> pb.Product:
        return self.rpc.CreateProduct(
            pb.CreateProductRequest(product=a_product(**fields), product_id=product_id, request_id=request_id)
        )

    def get(self, product_id: str) -> pb.Product:
        return self.rpc.GetProduct(pb.GetProductRequest(name=f"products/{product_id}"))

    def batch(self, *product_ids: str) -> list[str]:
        names = [f"products/{each}" for each in product_ids]
        answer = self.rpc.BatchGetProducts(pb.BatchGetProductsRequest(names=names))
        return [product.name.removeprefix("products/") for product in answer.products]

    def page(self, size: int = 0, token: str = "", filter_: str = "", order_by: str = "") -> tuple[list[str], str]:
        """The ids on a page, and the token of the next."""
        answer = self.rpc.ListProducts(
            pb.ListProductsRequest(page_size=size, page_token=token, filter=filter_, order_by=order_by)
        )
        return [product.name.removeprefix("products/") for product in answer.products], answer.next_page_token

    def pages(self, size: int = 0, filter_: str = "", order_by: str = "") -> list[str]:
        """The ids on all pages."""
        found, token = self.page(size, "", filter_, order_by)
        while token:
            more, token = self.page(size, token, filter_, order_by)
            found += more
        return found

    def update(self, product: pb.Product, *mask: str, request_id: str = "") -> pb.Product:
        return self.rpc.UpdateProduct(
            pb.UpdateProductRequest(product=product, update_mask=FieldMask(paths=mask), request_id=request_id)
        )

    def delete(self, product_id: str, etag: str = "", request_id: str = "") -> None:
        self.rpc.DeleteProduct(pb.DeleteProductRequest(name=f"products/{product_id}", etag=etag, request_id=request_id))


def a_product(**fields: object) -> pb.Product:
    """A lamp, unless something else is said."""
    price = Money(currency_code="EUR", units=19, nanos=990_000_000)
    return pb.Product(**{"display_name": "Lamp", "description": "Gives light.", "price": price, **fields})
