"""Loads the demo catalog through the public API.

Doing so twice is the same as doing so once: every call carries a request id.
"""

from __future__ import annotations

import argparse
import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

PRODUCTS = Path(__file__).parent / "demo" / "products.json"
# Any constant would do: with it the ids of this script's calls are the same each time.
NEXT = """
The demo catalog is loaded: {products} products. Try next:
  curl -s {gateway}/v1/products
  curl -s {gateway}/v1/customers/you/orders \\
    --json '{{"lines": [{{"product": "products/saffron", "quantity": 2}}], "cardToken": "tok_visa"}}'
  make split SERVICE=payment TO="v1=50 v2=50"
  make status, make logs SERVICE=order, make tour; the API is described at {gateway}/openapi.json"""
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "demo.souk.dev")


def main() -> int:
    """Adds each product and its stock; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    arguments = parser.parse_args()
    gateway = f"http://{arguments.host}:{arguments.port}"
    products = json.loads(PRODUCTS.read_text())
    for product in products:
        identifier = product["product"]
        price = Decimal(product["price"])
        post(
            f"{gateway}/v1/products?productId={identifier}",
            {
                "displayName": product["display_name"],
                "description": product["description"],
                "price": {"currencyCode": "EUR", "units": str(int(price)), "nanos": int(price % 1 * 10**9)},
            },
            key=f"create {identifier}",
        )
        post(f"{gateway}/v1/products/{identifier}/stock:adjust", {"delta": product["stock"]}, key=f"stock {identifier}")
    print(NEXT.format(products=len(products), gateway=gateway))
    return 0


def post(url: str, body: Mapping[str, object], key: str) -> None:
    """Sends a call that may have been sent before.

    Raises:
        SystemExit: it was refused for another reason than that the product is there already.
    """
    request = urllib.request.Request(
        url,
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid5(NAMESPACE, key))},
    )
    try:
        with urllib.request.urlopen(request, timeout=15):
            return
    except urllib.error.HTTPError as error:
        answer = error.read().decode(errors="replace")
        if "PRODUCT_EXISTS" in answer:  # somebody changed this script's product since, and so be it
            return
        raise SystemExit(f"error: POST {url}: {error.code} {answer}\n  `make status` says what is wrong") from None
    except OSError as error:
        raise SystemExit(f"error: POST {url}: {error}\n  `make status` says what runs") from None


if __name__ == "__main__":
    raise SystemExit(main())
