"""A real Prometheus that scrapes a small exporter: the pods of a service, whose counters a test moves."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import yaml

ROOT = Path(__file__).parents[4]
INTERVAL = 0.2  # instead of a cluster's 15 seconds


def program() -> str | None:
    """Where Prometheus is: what PROMETHEUS names, in .souk/bin, or on the PATH."""
    return os.environ.get("PROMETHEUS") or shutil.which("prometheus", path=f"{ROOT / '.souk/bin'}:{os.environ['PATH']}")


class Pod:
    """What one pod shows to whoever scrapes it."""

    def __init__(self, name: str, app: str, version: str, namespace: str = "souk") -> None:
        self.name = name
        self.version = version
        self.labels = {"namespace": namespace, "pod": name, "instance": f"{name}:15020", "version": version}
        self.up = True
        self.scrapes = 0
        self.app = app
        self._values: dict[str, float] = {}

    def count(self, metric: str, by: float = 1, **labels: str) -> None:
        """Moves a counter; it appears with its first move."""
        series = _series(metric, {"app": self.app, **labels})
        self._values[series] = self._values.get(series, 0) + by

    def observe(self, metric: str, milliseconds: float, limits: Sequence[str], **labels: str) -> None:
        """Puts a latency into the buckets of a histogram."""
        for limit in (*limits, "+Inf"):
            self.count(f"{metric}_bucket", by=milliseconds <= float(limit), **labels, le=limit)

    def restart(self) -> None:
        """Begins all counters anew."""
        self._values.clear()

    def become(self, app: str) -> None:
        """Begins anew as a pod of another service, of which nothing has been counted yet."""
        self.restart()
        self.app, self.up = app, True

    def page(self) -> str:
        """As text, in the exposition format."""
        return "".join(f"{series} {value}\n" for series, value in list(self._values.items()))


class World:
    """Prometheus and the pods that it scrapes."""

    def __init__(self, folder: Path, pods: Sequence[Pod], remote: str | None = None) -> None:
        self._folder = folder
        self._pods = {pod.name: pod for pod in pods}
        self._remote = remote
        self._process: subprocess.Popen[bytes] | None = None
        self._port = _free_port()
        self.url = f"http://127.0.0.1:{self._port}"

    def pod(self, name: str) -> Pod:
        """One of the pods."""
        return self._pods[name]

    def become(self, app: str) -> None:
        """Has all pods be of another service."""
        for pod in self._pods.values():
            pod.become(app)

    @contextmanager
    def running(self) -> Iterator[World]:
        """Has it run, and scrape, until the end."""
        exporter = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        Thread(target=exporter.serve_forever, args=(0.05,), daemon=True).start()
        (self._folder / "prometheus.yml").write_text(yaml.safe_dump(self._config(exporter.server_port)))
        try:
            self.begin()
            self.scraped()
            yield self
        finally:
            self.end()
            exporter.shutdown()
            exporter.server_close()

    def begin(self) -> None:
        """Starts Prometheus, with the data that it had."""
        found = program()
        assert found is not None
        arguments = [
            found,
            f"--config.file={self._folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self._folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self._port}",
            "--log.level=error",
        ]
        with (self._folder / "prometheus.log").open("ab") as log:
            self._process = subprocess.Popen(arguments, stdout=log, stderr=log)
        until(self._ready, "Prometheus is ready")

    def end(self) -> None:
        """Stops Prometheus."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def scraped(self) -> None:
        """Waits until Prometheus has what the pods show now: a second scrape begins when the first one is stored."""
        before = {name: pod.scrapes for name, pod in self._pods.items()}
        until(lambda: all(pod.scrapes >= before[name] + 2 for name, pod in self._pods.items()), "every pod is scraped")

    def _ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/-/ready").status_code == 200
        except httpx.HTTPError:
            return False

    def _config(self, port: int) -> Mapping[str, object]:
        targets = [
            {"targets": [f"127.0.0.1:{port}"], "labels": {"__metrics_path__": f"/{pod.name}", **pod.labels}}
            for pod in self._pods.values()
        ]
        often = f"{INTERVAL * 1000:.0f}ms"
        scrape = {"scrape_interval": often, "scrape_timeout": often, "static_configs": targets}
        read = [{"url": self._remote, "read_recent": True}] if self._remote else []
        return {"scrape_configs": [{"job_name": "pods", "honor_labels": True, **scrape}], "remote_read": read}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        pods = self._pods

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                pod = pods[self.path.removeprefix("/")]
                page = pod.page().encode()
                self.send_response(200 if pod.up else 503)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.end_headers()
                self.wfile.write(page)
                pod.scrapes += 1

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def until(condition: Callable[[], bool], what: str, patience: float = 20.0) -> None:
    """Waits for a condition."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {patience:g} s"
        time.sleep(0.02)


def _series(metric: str, labels: Mapping[str, str]) -> str:
    written = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return f"{metric}{{{written}}}"


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
