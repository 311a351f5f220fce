"""A REST client that says what came back, errors too."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# An order whose callees fail is tried again with pauses that grow.
PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: Mapping[str, Any]

    @property
    def reason(self) -> str:
        """The machine-readable reason of an error."""
        return str(self._error_info.get("reason", ""))

    @property
    def metadata(self) -> Mapping[str, str]:
        """What an error is about, by name."""
        metadata: Mapping[str, str] = self._error_info.get("metadata", {})
        return metadata

    @property
    def _error_info(self) -> Mapping[str, Any]:
        for detail in self.body.get("details", ()):
            if detail["@type"].endswith("google.rpc.ErrorInfo"):
                return dict(detail)
        return {}


@dataclass(frozen=True)
class Rest:
    """Calls the shop as curl does."""

    base: str

    def get(self, path: str) -> Answer:
        """Reads."""
        return self._send("GET", path, None, {})

    def post(self, path: str, body: Mapping[str, object], key: str | None = None) -> Answer:
        """Writes; with an `Idempotency-Key` if one is given."""
        return self._send("POST", path, body, {"Idempotency-Key": key} if key else {})

    def settled_state(self, order: str) -> str:
        """The state in which an order ends: follows its stream until the stream ends, however often that takes."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            with urllib.request.urlopen(f"{self.base}/v1/{order}:watch", timeout=PATIENCE_SECONDS) as stream:
                states = [json.loads(line)["order"]["state"] for line in stream if b'"order"' in line]
            if states and states[-1] in ("STATE_CONFIRMED", "STATE_CANCELLED"):
                return str(states[-1])
        raise AssertionError(f"{order} was not decided within {PATIENCE_SECONDS} s")

    def _send(self, method: str, path: str, body: Mapping[str, object] | None, headers: Mapping[str, str]) -> Answer:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.base}{path}", data=data, method=method, headers={"Content-Type": "application/json", **headers}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return Answer(response.status, json.load(response))
        except urllib.error.HTTPError as error:
            return Answer(error.code, json.load(error))
