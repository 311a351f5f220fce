// A page's gRPC-Web client, as its author would write it: what it can call it knows from the descriptor set.
import { createFileRegistry, fromBinary, toJson } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";

async function registry() {
  const response = await fetch("/descriptors.binpb");
  return createFileRegistry(fromBinary(FileDescriptorSetSchema, new Uint8Array(await response.arrayBuffer())));
}

async function client(gateway, service) {
  const known = await registry();
  const transport = createGrpcWebTransport({ baseUrl: gateway });
  return [createClient(known.getService(service), transport), known];
}

// What came of a call: a value in JSON, or what the error says.
async function outcome(call, known) {
  try {
    return { value: await call() };
  } catch (thrown) {
    const error = ConnectError.from(thrown);
    const info = error.findDetails(known.getMessage("google.rpc.ErrorInfo"))[0];
    return { code: Code[error.code], message: error.rawMessage, reason: info?.reason };
  }
}

window.getProduct = async (gateway, name, options) => {
  const [catalog, known] = await client(gateway, "souk.catalog.v1.CatalogService");
  const product = known.getMessage("souk.catalog.v1.Product");
  return outcome(async () => toJson(product, await catalog.getProduct({ name }, options), { registry: known }), known);
};

window.watchOrder = async (gateway, name) => {
  const [orders, known] = await client(gateway, "souk.order.v1.OrderService");
  return outcome(async () => {
    const events = [];
    for await (const response of orders.watchOrder({ name })) {
      events.push([response.event.case, Math.round(performance.now())]);
    }
    return events;
  }, known);
};
