"""Takes spans as a collector does and counts them: `GET /` answers how many came. With a file, writes them there."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TextIO

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class Sink(TraceServiceServicer):
    """Counts, and keeps."""

    def __init__(self, kept: TextIO | None) -> None:
        self.spans = 0
        self._kept = kept

    def Export(self, request: ExportTraceServiceRequest, _context: grpc.ServicerContext) -> ExportTraceServiceResponse:
        """Takes a batch."""
        for resource in request.resource_spans:
            names = {each.key: each.value.string_value for each in resource.resource.attributes}
            spans = [span for scope in resource.scope_spans for span in scope.spans]
            self.spans += len(spans)
            if self._kept:
                self._kept.writelines(_line(span, names["service.name"]) for span in spans)
                self._kept.flush()
        return ExportTraceServiceResponse()


def _line(span: Span, service: str) -> str:
    kept = {
        "trace": span.trace_id.hex(),
        "span": span.span_id.hex(),
        "parent": span.parent_span_id.hex(),
        "name": span.name,
        "service": service,
        "kind": span.kind,
        "begin": span.start_time_unix_nano,
        "end": span.end_time_unix_nano,
    }
    return json.dumps(kept) + "\n"


def main() -> None:
    """Serves until it is ended. Argument, if any: the file."""
    sink = Sink(open(sys.argv[1], "w") if len(sys.argv) > 1 else None)  # noqa: SIM115 - for as long as it serves

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
