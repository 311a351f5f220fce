"""How an attempt ended, named the same whatever observed it, and which endings are bad."""

from __future__ import annotations

from collections.abc import Set

GRPC = (
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
)
"""The names of gRPC's codes, by their numbers."""

BLAMING = frozenset({"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"})
"""The codes that blame the server. The others answer what the caller asked, and say how."""


def grpc(status: str) -> str:
    """The name of a code that is written as a number."""
    return GRPC[int(status)] if status.isdecimal() and int(status) < len(GRPC) else f"gRPC {status}"


def http(status: str) -> str:
    """The name of an HTTP status."""
    return f"HTTP {status}"


def is_bad(ending: str, codes: Set[str] = BLAMING) -> bool:
    """Tells whether an ending is an error, given the gRPC codes that are.

    `HTTP 5xx` always is one, and so is what a proxy says of an attempt that had no answer (`UF`, `UT`).
    """
    if ending in GRPC:
        return ending in codes
    return not ending.startswith("HTTP ") or ending.startswith("HTTP 5")
