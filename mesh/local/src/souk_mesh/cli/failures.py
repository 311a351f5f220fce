"""What a person is told when a command fails."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


class Failed(Exception):
    """A command cannot do what it was asked to; the text says what, where, and what to do."""


@contextmanager
def reported() -> Iterator[None]:
    """Prints a failure as one message and ends the program with exit code 1."""
    try:
        yield
    except Failed as failure:
        text = str(failure)
        print(text if text.startswith(("error:", "warning:")) else f"error: {text}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
