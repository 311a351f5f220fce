"""Speaks to the control port of an echo."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CONTROL_PORT = 7000
# Longer than any order takes: a call of an order gives up by itself.
PATIENCE = 60.0


@dataclass(frozen=True)
class EchoControl:
    """The control port of one pod, wherever it can be reached."""

    host: str
    port: int = CONTROL_PORT

    def carry_out(self, order: Mapping[str, object]) -> list[dict[str, Any]]:
        """Has it make calls."""
        made: list[dict[str, Any]] = self._ask("POST", "/calls", json.dumps(order))
        return made

    def arrivals(self, call: str) -> int:
        """How often a call has arrived there."""
        count: int = self._ask("GET", f"/arrivals?call={call}")
        return count

    def _ask(self, method: str, path: str, body: str | None = None) -> Any:  # noqa: ANN401  # what JSON holds
        connection = http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return json.loads(answer.read())
        finally:
            connection.close()
