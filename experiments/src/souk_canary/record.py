"""What a run leaves behind: everything that it saw and decided, as one JSON document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from souk_canary.counts import Arm, Window
from souk_canary.definition import Definition
from souk_canary.rule import Evidence
from souk_canary.verdict import Verdict


class BadRecord(Exception):
    """A file is no record of a run; the text says which."""


class Part(BaseModel):
    """A part of a record."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Moment(Part):
    """Something that happened."""

    at: float
    """Seconds since the experiment began."""
    text: str


class Split(Part):
    """A split that every proxy had confirmed from here on."""

    at: float
    percent: int
    """The candidate's."""


class Judged(Part):
    """A window, and what all windows so far said after it."""

    window: Window
    evidence: tuple[Evidence, ...]
    hold: str | None


class Version(Part):
    """One of the two versions."""

    subset: str
    labels: Mapping[str, str]
    images: tuple[str, ...]
    pods: int


class Calls(Part):
    """What callers noticed: a call that succeeded at its second attempt did not fail."""

    made: int
    failed: int


class Record(Part):
    """A run."""

    run: str
    definition: Definition
    begun: datetime
    length: float
    """Seconds."""
    verdict: Verdict
    before: Mapping[str, int]
    """The weights that it found."""
    after: Mapping[str, int]
    """Those that it left."""
    problems: tuple[str, ...]
    """What it could not put in order at the end."""
    moments: tuple[Moment, ...]
    splits: tuple[Split, ...]
    windows: tuple[Judged, ...]
    uncounted: tuple[Arm, Arm]
    """What happened to the baseline and the candidate while the split was not sure: no evidence, but attempts."""
    versions: tuple[Version, Version]
    """The baseline and the candidate."""
    calls: Calls | None
    """Of the load that the tool made itself."""
    environment: Mapping[str, str]

    @property
    def baseline(self) -> Arm:
        """Everything that was counted of the baseline."""
        return total([judged.window.baseline for judged in self.windows])

    @property
    def candidate(self) -> Arm:
        """Everything that was counted of the candidate."""
        return total([judged.window.candidate for judged in self.windows])

    @property
    def failed(self) -> int:
        """Attempts that the candidate failed, from the first shift until the weights were put right."""
        return self.candidate.bad + self.uncounted[1].bad


def total(arms: Sequence[Arm]) -> Arm:
    """Several windows of one version together; pods and custom counts stay behind."""
    codes: Counter[str] = Counter()
    for arm in arms:
        codes.update(arm.codes)
    return Arm(
        attempts=sum(arm.attempts for arm in arms),
        bad=sum(arm.bad for arm in arms),
        slower=tuple(sum(counts) for counts in zip(*(arm.slower for arm in arms), strict=True)),
        codes=dict(codes),
    )


def read(path: Path) -> Record:
    """Reads a record.

    Raises:
        BadRecord: it can't be read, or is none.
    """
    try:
        return Record.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BadRecord(f"{path}: {error.strerror}\n  `souk canary list` shows the runs that there are") from error
    except ValidationError as error:
        raise BadRecord(f"{path}: is no record of a run, or one of another version of this tool") from error
