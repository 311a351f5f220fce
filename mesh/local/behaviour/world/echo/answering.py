"""What the echo does with a request, whatever the protocol: notes it, does as it is asked, describes what it saw."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from echo.arrivals import Arrivals

ASKED = "x-echo"
"""The header (or first line) in which a caller says what the echo is to do, as JSON."""


@dataclass(frozen=True)
class Asked:
    """What a caller asks for. Nothing is asked of a request that says nothing."""

    call: str = ""
    fails: str = ""
    """A status, the name of a gRPC code, or `reset`; empty for success."""
    first: int = 0
    """How many attempts fail at this pod; 0 for all."""
    only: str = ""
    """The version that fails; empty for every one."""
    delay: float = 0.0
    """Seconds before the answer."""
    messages: int = 1
    """Of a stream."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Of the answer."""

    @classmethod
    def read(cls, text: str) -> Asked:
        """Reads what a caller sent; anything that is no order of ours asks for nothing."""
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError):
            return cls()


@dataclass(frozen=True)
class Answer:
    """How a request is to be answered."""

    fails: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answerer:
    """The echo itself."""

    version: str
    pod: str
    arrivals: Arrivals

    def answer(self, asked: Asked, seen: Mapping[str, object]) -> Answer:
        """Waits as long as is asked and says how to answer; `seen` describes the request."""
        attempt = self.arrivals.count(asked.call)
        concerned = asked.only in ("", self.version)
        if concerned:
            time.sleep(asked.delay)
        failing = concerned and (not asked.first or attempt <= asked.first)
        body = json.dumps({"version": self.version, "pod": self.pod, **seen}).encode()
        return Answer(asked.fails if failing else "", asked.headers, body)
