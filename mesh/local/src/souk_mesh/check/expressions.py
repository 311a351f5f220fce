"""Regular expressions, as Envoy reads them."""

from __future__ import annotations

import re2


def mistake_in(expression: str) -> str:
    """Says what RE2 finds wrong with an expression; empty if it can be used."""
    try:
        re2.compile(expression, _quiet())
    except re2.error as failure:
        said = failure.args[0]
        return said.decode() if isinstance(said, bytes) else str(said)
    return ""


def groups_of(expression: str) -> int:
    """How many groups an expression has that its replacement can name."""
    return int(re2.compile(expression, _quiet()).groups)


def _quiet() -> re2.Options:
    options = re2.Options()
    options.log_errors = False  # else it writes to standard error by itself
    return options
