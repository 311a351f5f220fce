"""The program of the tests' overlay: answers HTTP with what it was given, and does as its arguments say."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    """Says who answers; `/slow` takes its time, so that a request can be caught in the middle."""

    def do_GET(self) -> None:
        if self.path == "/slow":
            time.sleep(0.1)
        body = json.dumps({"pod": os.environ.get("POD_NAME"), "environment": dict(os.environ)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        print(f"served {self.path}", flush=True)


def serve() -> None:
    ThreadingHTTPServer.daemon_threads = False
    server = ThreadingHTTPServer((os.environ["LISTEN_HOST"], int(os.environ.get("PORT", "8080"))), Handler)

    def leave(*_: object) -> None:
        print("leaving", flush=True)
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, leave)
    note = Path(os.environ["NOTE"]).read_text() if "NOTE" in os.environ else "nothing"
    print(f"serving; was told: {note}", flush=True)
    server.serve_forever()
    server.server_close()


def main() -> None:
    match sys.argv[1:]:
        case ["note", text]:
            Path(os.environ["NOTE"]).write_text(text)
        case ["crash"]:
            print("I am about to fail\ndatabase.url is malformed", flush=True)
            sys.exit(3)
        case _:
            serve()


if __name__ == "__main__":
    main()
