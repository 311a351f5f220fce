"""When a pod counts as available: ready, and for long enough (minReadySeconds)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from souk_mesh.workloads.pod import PodRunner


def available(pod: PodRunner, settled_after: float, changed: Callable[[], None]) -> bool:
    """Tells whether a pod is available; one that only has to wait calls `changed` when it has waited."""
    since = pod.ready_since
    if since is None:
        return False
    missing = settled_after - (time.monotonic() - since)
    if missing > 0:
        asyncio.get_running_loop().call_later(missing, changed)
    return missing <= 0
