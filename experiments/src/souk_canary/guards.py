"""What ends or holds an experiment at once, without statistics."""

from __future__ import annotations

from collections.abc import Sequence

from souk_canary.definition import Definition


def unhealthy(definition: Definition, now: float, restarts: int, unready_since: float | None) -> str | None:
    """Says that the candidate's pods crash or are not ready, if that is so for too long."""
    if restarts >= definition.guards.restarts:
        return f"{definition.candidate} crashes: its containers were restarted {restarts} times since the beginning"
    if unready_since is not None and now - unready_since >= definition.guards.unready:
        return f"{definition.candidate} had no ready pod for {now - unready_since:.0f} s"
    return None


def unconfirmed(definition: Definition, waited: float, behind: Sequence[str]) -> str | None:
    """Says which proxies stay on old weights, if they have had their time."""
    if waited < definition.guards.unconfirmed:
        return None
    return f"{', '.join(behind)} did not take up the weights within {waited:.0f} s: requests are not split as was meant"
