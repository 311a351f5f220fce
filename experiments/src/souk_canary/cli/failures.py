"""What a person is told when a command fails."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from souk_canary.definition import BadDefinition
from souk_canary.homes import HomeError
from souk_canary.lease import BrokenLease
from souk_canary.load import LoadError
from souk_canary.record import BadRecord
from souk_canary.routing import CannotSplit
from souk_canary.sources import SourceError
from souk_canary.steering import CannotBegin
from souk_canary.versions import VersionError


class Failed(Exception):
    """A command cannot do what it was asked to; the text says what, where, and what to do."""


KNOWN = (
    Failed,
    BadDefinition,
    BadRecord,
    BrokenLease,
    CannotBegin,
    CannotSplit,
    HomeError,
    LoadError,
    SourceError,
    VersionError,
)


@contextmanager
def reported() -> Iterator[None]:
    """Prints a failure as one message and ends the program with exit code 1."""
    try:
        yield
    except KNOWN as failure:
        print(f"error: {failure}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
