"""Commands of other tools of the tree, which have environments of their own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NoReturn

from souk_mesh.cli.context import installation
from souk_mesh.cli.failures import Failed


def canary(arguments: Sequence[str]) -> NoReturn:
    """Becomes the tool for canary experiments."""
    program = installation().root / ".souk" / "canary-venv" / "bin" / "souk-canary"
    if not program.exists():
        raise Failed(f'{program} is missing\n  run `scripts/environment "packages of the experiments"`')
    os.execv(program, [str(program), *arguments])
