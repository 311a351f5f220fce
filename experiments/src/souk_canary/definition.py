"""What an experiment is: read from a YAML file, checked before anything is touched."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError, model_validator

from souk_canary import rule
from souk_canary.complaints import complaints

DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")


class BadDefinition(Exception):
    """A definition can't be used; the text names file, line and field, and says what is allowed."""


def _seconds(value: object) -> object:
    written = DURATION.fullmatch(value) if isinstance(value, str) else None
    if written is None:
        raise ValueError("a duration is a number with its unit: 500ms, 10s, 5m or 1h")
    return float(written[1]) * UNITS[written[2]]


def _share(value: object) -> object:
    written = PERCENT.fullmatch(value) if isinstance(value, str) else None
    if written is None:
        raise ValueError("a share is written in percent: 1% or 0.1%")
    return float(written[1]) / 100


# Written as they are read, so that a record can hold a definition.
Seconds = Annotated[float, BeforeValidator(_seconds), Field(gt=0), PlainSerializer(lambda value: f"{value:g}s")]
Share = Annotated[float, BeforeValidator(_share), Field(gt=0, lt=1), PlainSerializer(lambda value: f"{value:.6%}")]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]


class Part(BaseModel):
    """A part of a definition."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Step(Part):
    """A share of the requests for the candidate, and how long it is watched at least."""

    percent: Annotated[int, Field(ge=1, le=100)]
    duration: Seconds


class CustomCriterion(Part):
    """Bad events that neither a status nor a latency shows, counted by two selectors of Prometheus."""

    name: Name
    attempts: str
    """Counters of how many one version had: `$version`, `$subset`, `$service` and `$namespace` are filled in."""
    bad: str
    """Counters of how many of them were bad."""


class Criteria(Part):
    """What a version is judged by, besides its errors and its latency."""

    bad: tuple[str, ...] | None = None
    """The gRPC codes that are errors, instead of those that blame the server; HTTP 5xx always is one."""
    quick: Seconds = 0.01
    """Who is answered within this is content: shorter latencies are not compared with the baseline's."""
    custom: tuple[CustomCriterion, ...] = ()
    proof: Literal["either", "both"] = "either"
    """What a promotion takes: the candidate keeps the SLO, or is no worse than the baseline, or both."""


class Slow(Part):
    """How many attempts may be slow."""

    than: Seconds
    at_most: Share


class Slo(Part):
    """What is promised to callers: a candidate that breaks it is rolled back whatever the baseline does."""

    errors: Share = 0.01
    slow: Slow | None = None


class Guards(Part):
    """What ends an experiment without statistics."""

    restarts: Annotated[int, Field(ge=1)] = 2
    """So many restarts of the candidate's containers since the experiment began are a crash loop."""
    unready: Seconds = 10.0
    """How long the candidate may be without a ready pod."""
    unconfirmed: Seconds = 15.0
    """How long a proxy may stay on the old weights."""
    unseen: Seconds = 60.0
    """How long the home or the source may say nothing."""


class Load(Part):
    """Requests that the tool makes itself, where the service has too few of its own."""

    requests: str
    """A file beside the definition that describes them, or one that was recorded."""
    rate: Annotated[float, Field(gt=0, le=10_000)]
    """Calls a second."""


class Then(Part):
    """Where the requests go at the end."""

    promote: Literal["candidate", "before"] = "candidate"
    """`before` splits as before the experiment: somebody else does the rest."""
    roll_back: Literal["baseline", "before"] = "baseline"
    inconclusive: Literal["before", "baseline", "hold"] = "before"
    """`hold` leaves the last step's split."""


class Definition(Part):
    """An experiment: is the candidate worse than the baseline?"""

    experiment: Name
    service: Name
    namespace: Name = "souk"
    baseline: Name
    """The subset that serves now."""
    candidate: Name
    """The subset that is tried."""
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]
    window: Seconds = 2.0
    """Counts are judged in windows of this length."""
    settle: Seconds = 1.0
    """What happens right after a change of the split is not counted."""
    timebox: Seconds
    """After this the experiment ends, with or without an answer."""
    criteria: Criteria = Criteria()
    slo: Slo = Slo()
    guards: Guards = Guards()
    load: Load | None = None
    then: Then = Then()

    def judged_by(self) -> rule.Criteria:
        """The same in the rule's terms."""
        slow = self.slo.slow
        return rule.Criteria(
            errors=self.slo.errors,
            latency=rule.LatencyLimit(slow.than, slow.at_most) if slow else None,
            quick=self.criteria.quick,
            custom=tuple(each.name for each in self.criteria.custom),
            proof=rule.Proof(self.criteria.proof),
        )

    @model_validator(mode="after")
    def _agree(self) -> Definition:
        if self.baseline == self.candidate:
            raise ValueError(f"baseline and candidate are both {self.baseline}: name two subsets")
        if self.slo.slow is not None and self.slo.slow.than < self.criteria.quick:
            raise ValueError(
                f"slo.slow.than: is below criteria.quick ({self.criteria.quick:g}s): what is quick is not slow"
            )
        percents = [step.percent for step in self.steps]
        if percents != sorted(set(percents)):
            raise ValueError(f"steps: {percents} do not rise: each step gives the candidate more than the one before")
        shortest = sum(self.settle + step.duration for step in self.steps)
        if self.timebox < shortest:
            raise ValueError(f"timebox: the steps alone take {shortest:g}s: give it more")
        if any(step.duration < self.window for step in self.steps):
            raise ValueError(f"steps: none may be shorter than a window ({self.window:g}s)")
        return self


def read(path: Path) -> Definition:
    """Reads a definition.

    Raises:
        BadDefinition: the file is missing, is no YAML, or says something that can't be.
    """
    try:
        text = path.read_text()
        document = yaml.safe_load(text)
    except OSError as error:
        raise BadDefinition(f"{path}: {error.strerror}\n  definitions are in experiments/definitions/") from error
    except yaml.YAMLError as error:
        raise BadDefinition(f"{path}: is not YAML: {' '.join(str(error).split())}") from error
    try:
        # As JSON, since a strict model takes a list of YAML for no tuple, and an array of JSON for one.
        return Definition.model_validate_json(json.dumps(document, default=str))
    except ValidationError as error:
        raise BadDefinition("\n".join(complaints(error, Definition, path, text))) from error
