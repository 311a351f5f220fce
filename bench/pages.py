"""Pages that a measurement writes a part of. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Written:
    """What stands between two lines of a page."""

    file: Path
    begin: str
    """The line before it, with its end; so is `end`."""
    end: str

    def replaced(self, page: str, content: str) -> str:
        """The text of the page with this content in place of what it has.

        Raises:
            ValueError: it has no place for it.
        """
        before, begin, rest = page.partition(self.begin)
        _, end, after = rest.partition(self.end)
        if not begin or not end:
            raise ValueError(
                f"{self.file} has no place for the table\n  put back the lines\n  {self.begin}  {self.end}"
            )
        return f"{before}{begin}\n{content}\n{end}{after}"
