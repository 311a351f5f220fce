"""Takes spans as a collector does and counts them: `GET /` answers how many came."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)


class Sink(TraceServiceServicer):
    """Counts."""

    def __init__(self) -> None:
        self.spans = 0

    def Export(self, request: ExportTraceServiceRequest, _context: grpc.ServicerContext) -> ExportTraceServiceResponse:
        """Takes a batch."""
        self.spans += sum(len(scope.spans) for resource in request.resource_spans for scope in resource.scope_spans)
        return ExportTraceServiceResponse()


def main() -> None:
    """Serves until it is ended."""
    sink = Sink()

    class Count(BaseHTTPRequestHandler):
        """Tells the number."""

        def do_GET(self) -> None:
            """Answers it."""
            self.send_response(200)
            self.end_headers()
            self.wfile.write(str(sink.spans).encode())

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = grpc.server(ThreadPoolExecutor(2))
    add_TraceServiceServicer_to_server(sink, server)  # type: ignore[no-untyped-call]
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    count = HTTPServer(("127.0.0.1", 0), Count)
    print(json.dumps({"event": "serving", "port": port, "count_port": count.server_port}), flush=True)
    count.serve_forever()


if __name__ == "__main__":
    main()
