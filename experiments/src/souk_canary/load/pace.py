"""An open loop: requests are sent when it is their time, whether or not those before have been answered."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """So many a second, evenly."""

    rate: float

    def due(self, sent: int, elapsed: float) -> int:
        """How many are to be sent now, of which `sent` were after `elapsed` seconds; what is late is made up for."""
        return max(0, int(elapsed * self.rate) + 1 - sent)

    def pause(self, sent: int, elapsed: float) -> float:
        """Seconds until the next one is due."""
        return max(0.0, sent / self.rate - elapsed)
