"""What a generator did so far."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field


class Report(BaseModel):
    """Counts since the first request."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seconds: float
    sent: int
    ended: Mapping[str, int] = Field(default_factory=dict)
    """How calls ended for who made them, by gRPC code or `HTTP 200`: retries are hidden here, as from any caller."""
    unsent: int = 0
    """Left out, because too many were still without an answer."""

    @property
    def achieved(self) -> float:
        """Requests a second."""
        return self.sent / self.seconds if self.seconds else 0.0
