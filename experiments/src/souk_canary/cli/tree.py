"""Where the working tree is that this program was installed for."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def tree() -> Path:
    """The working tree: this program's own environment is `<tree>/.souk/canary-venv`; SOUK_ROOT names another."""
    given = os.environ.get("SOUK_ROOT")
    return Path(given).resolve() if given else Path(sys.prefix).resolve().parents[1]
