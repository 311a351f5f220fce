"""Requests in the background, to see whether any is lost."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Answers:
    """What came back."""

    pods: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def ask(port: int, path: str = "/") -> dict[str, object]:
    """Sends one request through the ingress."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
        found: dict[str, object] = json.loads(answer.read())
        return found


@contextmanager
def requests(port: int) -> Iterator[Answers]:
    """Sends requests, one after the other in each of four threads, as long as the block runs."""
    answers, over = Answers(), threading.Event()

    def send() -> None:
        while not over.is_set():
            try:
                answers.pods.append(str(ask(port, "/slow")["pod"]))
            except OSError as error:
                answers.failures.append(str(error))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        over.set()
        for thread in threads:
            thread.join()
