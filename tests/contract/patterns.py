"""Strings that match a pattern, for the patterns that protos use: literals, classes, groups, and how often."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

_TOKEN = re.compile(
    r"(?P<open>\()|(?P<close>\))|(?P<end>\^|\$)|\[(?P<set>[^\]^][^\]]*)\]|\\(?P<escaped>\W)|(?P<literal>[^\\\[\](){}?*+|.])"
)
_TIMES = re.compile(r"\{(?P<low>\d+)(?:,(?P<high>\d*))?\}|(?P<sign>[?*+])|")
# Where a pattern sets no bound, or a wide one.
_LONGEST = 12


class UnknownPatternError(Exception):
    """A pattern uses something that isn't known here."""


@dataclass
class _Pattern:
    text: str
    random: Random
    position: int = 0

    def sequence(self) -> str:
        said = ""
        while self.position < len(self.text):
            token = _TOKEN.match(self.text, self.position)
            if token is None:
                raise UnknownPatternError(
                    f"{self.text!r}: what begins with {self.text[self.position :]!r} is not known"
                )
            if token["close"]:
                break
            self.position = token.end()
            said += self._piece(token)
        return said

    def _piece(self, token: re.Match[str]) -> str:
        begin = self.position
        if token["open"]:
            self.sequence()
            self.position += 1
        after = self.position
        times = self._times()
        end = self.position
        said = ""
        for _ in range(times):
            if token["open"]:
                self.position = begin
                said += self.sequence()
            elif token["set"]:
                said += self.random.choice(_members(token["set"]))
            else:
                said += token["escaped"] or token["literal"] or ""
        self.position = max(after, end)
        return said

    def _times(self) -> int:
        found = _TIMES.match(self.text, self.position)
        assert found
        self.position = found.end()
        low, high = {"?": (0, 1), "*": (0, _LONGEST), "+": (1, _LONGEST)}.get(found["sign"] or "", (1, 1))
        if found["low"]:
            low = int(found["low"])
            bounded = low if found["high"] is None else int(found["high"] or low + _LONGEST)
            high = min(bounded, max(low, _LONGEST))
        return self.random.randint(low, high)


def _members(characters: str) -> str:
    """The characters of a class such as `a-z0-9-`."""
    return re.sub("(.)-(.)", lambda pair: "".join(map(chr, range(ord(pair[1]), ord(pair[2]) + 1))), characters)


def matching(pattern: str, random: Random) -> str:
    """Some string that matches.

    Raises:
        UnknownPatternError: the pattern is of a kind that is not known here.
    """
    said = _Pattern(pattern, random).sequence()
    if not matches(pattern, said):
        raise UnknownPatternError(f"{pattern!r} was not understood: it doesn't match {said!r}")
    return said


def matches(pattern: str, text: str) -> bool:
    """Whether a text matches as RE2 has it: `$` is the very end, which it isn't in Python."""
    return re.search(pattern.removesuffix("$") + (r"\Z" if pattern.endswith("$") else ""), text) is not None
