"""Where the programs are that a mesh needs: all in the working tree that this package is installed for."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path


class IncompleteInstallation(Exception):
    """Something that `make env` installs is missing; the text says what."""


@dataclass(frozen=True)
class Installation:
    """A working tree with its environments."""

    root: Path
    images_table: Path | None

    @classmethod
    def find(cls) -> Installation:
        """Finds the working tree: this program's own environment is `<root>/.souk/mesh-venv`; SOUK_ROOT names another.

        Raises:
            IncompleteInstallation: when there is none, or it lacks its environments.
        """
        given = os.environ.get("SOUK_ROOT")
        root = Path(given).resolve() if given else Path(sys.prefix).resolve().parents[1]
        table = os.environ.get("SOUK_IMAGES")
        found = cls(root, Path(table).resolve() if table else None)
        for needed in (found.python, found.kustomize):
            if not needed.exists():
                raise IncompleteInstallation(
                    f"{needed} is missing: the environment is only half installed\n  run `make env`"
                )
        return found

    @property
    def environment(self) -> Path:
        """The Python environment of the services, which holds what their images hold."""
        return self.root / ".souk" / "services-venv"

    @property
    def python(self) -> Path:
        """The interpreter of the services."""
        return self.environment / "bin" / "python"

    @property
    def kustomize(self) -> Path:
        """The stock kustomize."""
        return self.root / ".souk" / "bin" / "kustomize"

    @property
    def home(self) -> Path:
        """Where the mesh of this tree keeps its state, unless told otherwise."""
        given = os.environ.get("SOUK_HOME")
        return Path(given).resolve() if given else self.root / ".souk" / "mesh"
