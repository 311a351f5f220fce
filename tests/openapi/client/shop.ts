// What a frontend would write with a client whose types come from the document: it must compile, and the shop must answer.
import createClient from "openapi-fetch";
import type { components, paths } from "./api";

type Product = components["schemas"]["souk.catalog.v1.Product"];

const baseUrl = process.argv[2];
const client = createClient<paths>({ baseUrl });

const { data: list } = await client.GET("/v1/products", { params: { query: { pageSize: 1 } } });
const names: string[] = (list?.products ?? []).map((product: Product) => product.name);

const created = await client.POST("/v1/products", {
  params: { header: { "Idempotency-Key": crypto.randomUUID() } },
  body: { displayName: "Samovar", price: { currencyCode: "EUR", units: "120", nanos: 0 } },
});
const product = created.data?.name.replace("products/", "") ?? "";

const changed = await client.PATCH("/v1/products/{product}", {
  params: { path: { product }, header: { "If-Match": created.data?.etag } },
  body: { displayName: "Samovar, brass" },
});

const stale = await client.DELETE("/v1/products/{product}", {
  params: { path: { product }, header: { "If-Match": created.data?.etag } },
});

await client.DELETE("/v1/products/{product}", { params: { path: { product } } });
const missing = await client.GET("/v1/products/{product}", { params: { path: { product } } });

const placed = await client.POST("/v1/customers/{customer}/orders", {
  params: { path: { customer: "typed" } },
  body: { lines: [{ product: "products/saffron", quantity: "1" }], cardToken: "tok_visa" },
});
const order = placed.data?.name.split("/").pop() ?? "";
const watched = await client.GET("/v1/customers/{customer}/orders/{order}:watch", {
  params: { path: { customer: "typed", order } },
  headers: { accept: "application/json" },
});
// The type is that of any framing; this one is an array.
const states = (watched.data as unknown as { order: { state: string } }[]).map((event) => event.order.state);

console.log(
  JSON.stringify({
    names: names.length,
    created: created.data?.displayName,
    changed: changed.data?.displayName,
    stale: stale.response.status,
    missing: missing.error?.details.map((detail) => detail["reason"]),
    placed: placed.data?.state,
    states,
  }),
);
