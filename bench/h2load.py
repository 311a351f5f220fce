"""Load by `h2load`, over HTTP/1.1 or raw gRPC frames. It is so light that one core loads any server here.

It doesn't read gRPC's status. But an error carries no message: whoever knows how long an answer is can tell from the
bytes that came back whether each request was answered, and that is looked at after every run.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.processes import LOAD_CORE

_RATE = re.compile(r"finished in ([\d.]+)(us|ms|s|m)\b.*?, ([\d.]+) req/s")
_REQUESTS = re.compile(r"requests: (\d+) total, \d+ started, \d+ done, (\d+) succeeded")
_DATA = re.compile(r"\((\d+)\) data")
_CODES = re.compile(r"status codes: (\d+) 2xx")
GRPC = {"content-type": "application/grpc", "te": "trailers"}


class Unanswered(Exception):
    """Not every request was answered as it should be, so the rate says nothing."""


@dataclass(frozen=True)
class Load:
    """What is sent, and how."""

    url: str
    clients: int
    in_flight: int = 1
    """Requests at once on each connection; HTTP/1.1 has one."""
    headers: Mapping[str, str] | None = None
    body: Path | None = None
    http1: bool = False
    answer_bytes: int | None = None
    """How long each answer's body is, if all are equally long."""

    def command(self, requests: int, log: Path | None) -> Sequence[str]:
        """The command line."""
        return [
            *("taskset", "-c", str(LOAD_CORE), "h2load", "-t1", f"-n{requests}", f"-c{self.clients}"),
            *(["--h1"] if self.http1 else [f"-m{self.in_flight}"]),
            *(f"-H{name}: {value}" for name, value in (self.headers or {}).items()),
            *([f"-d{self.body}"] if self.body else []),
            *([f"--log-file={log}"] if log else []),
            self.url,
        ]


@dataclass(frozen=True)
class Report:
    """What came of a run."""

    requests: int
    per_second: float
    milliseconds: tuple[float, ...] = ()
    """How long each took, if that was asked for."""


def send(load: Load, requests: int, log: Path | None = None) -> Report:
    """Sends so many requests and waits for their answers; with a log, notes how long each took.

    Raises:
        Unanswered: some were not answered with success and the whole answer.
    """
    if log:
        log.unlink(missing_ok=True)
    done = subprocess.run(load.command(requests, log), check=False, capture_output=True, text=True, timeout=300)
    report = read(done.stdout, load.answer_bytes)
    if log is None:
        return report
    took = tuple(int(line.split("\t")[2]) / 1000 for line in log.read_text().splitlines())
    return Report(report.requests, report.per_second, took)


def read(said: str, answer_bytes: int | None) -> Report:
    """What h2load said, once every answer is accounted for.

    Raises:
        Unanswered: an answer is missing, was no success, or not as long as it should be.
    """
    rate, requests, codes, data = (each.search(said) for each in (_RATE, _REQUESTS, _CODES, _DATA))
    if not (rate and requests and codes and data):
        raise Unanswered(f"h2load said no figures:\n{said}")
    total = int(requests[1])
    if not total == int(requests[2]) == int(codes[1]):
        raise Unanswered(f"of {total} requests, {codes[1]} were answered with success:\n{said}")
    if answer_bytes is not None and int(data[1]) != total * answer_bytes:
        raise Unanswered(f"{total} answers of {answer_bytes} bytes should be {total * answer_bytes}:\n{said}")
    return Report(total, float(rate[3]))


def framed(message: bytes, file: Path) -> Path:
    """Writes a message as gRPC sends it: uncompressed, behind its length."""
    file.write_bytes(b"\0" + len(message).to_bytes(4, "big") + message)
    return file
