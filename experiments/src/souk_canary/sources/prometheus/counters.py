"""How much counters have grown since they were last looked at, from their samples; without I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from souk_canary.sources.prometheus.api import Series

Name = frozenset[tuple[str, str]]
"""All labels of a series."""

Target = tuple[str, str]
"""What was scraped: its job and instance."""


@dataclass(frozen=True)
class Place:
    """How far a counter has been counted."""

    time: float
    value: float
    """Of the last sample before the cut."""
    grown: float
    """Since counting began, up to that sample."""
    counted: int
    """Of the growth, how much has been given away."""


@dataclass(frozen=True)
class Cut:
    """A moment up to which all counters are counted alike, though each was scraped at another.

    Between two samples a counter is taken to have grown evenly. Were each counted up to its last sample instead, one
    version would often be a scrape ahead of the other, which looks as if requests were split as nobody meant.
    """

    at: float
    spacing: float
    """The usual time between two samples."""
    scraped: Mapping[Target, float]
    """Since when targets have been scraped."""

    def begin(self, series: Series) -> Place | None:
        """Where a counter is at the beginning; None if it is not there yet."""
        before = [sample for sample in series.samples if sample[0] <= self.at]
        return self._moved(Place(*before[-1], 0.0, 0), series) if before else None

    def move(self, place: Place | None, series: Series) -> Place | None:
        """Where a counter is now, given where it was.

        One that was not there before counts from zero if its target had been scraped before, since then it was zero;
        otherwise what it had at first is of unknown age, and left out. None if it is not there yet.
        """
        if place is None:
            first, value = series.samples[0]
            known = self.scraped.get(target(series))
            if known is not None and known < first:
                place = Place(first - self.spacing, 0.0, 0.0, 0)
            elif first <= self.at:
                place = Place(first, value, 0.0, 0)
            else:
                return None
        return self._moved(place, series)

    def _moved(self, place: Place, series: Series) -> Place:
        time, value, grown = place.time, place.value, place.grown
        for later, more in series.samples:
            if later <= time:
                continue
            # A counter that falls was begun anew: what it has since is growth.
            growth = more - value if more >= value else more
            if later > self.at:
                part = growth * (self.at - time) / (later - time)
                return Place(time, value, grown, max(place.counted, round(grown + part)))
            time, value, grown = later, more, grown + growth
        return Place(time, value, grown, max(place.counted, round(grown)))


def first_scrapes(ups: Iterable[Series]) -> Mapping[Target, float]:
    """When each target was scraped first with success, as the series `up` show."""
    firsts: dict[Target, float] = {}
    for each in ups:
        for time, value in each.samples:
            if value == 1:
                firsts[target(each)] = min(time, firsts.get(target(each), time))
    return firsts


def spacing(series: Iterable[Series]) -> float | None:
    """The longest usual time between two samples: the median of each series, the longest of all; None if unknown."""
    medians = []
    for each in series:
        gaps = sorted(later[0] - sooner[0] for sooner, later in zip(each.samples, each.samples[1:], strict=False))
        if gaps:
            medians.append(gaps[len(gaps) // 2])
    return max(medians, default=None)


def name(series: Series) -> Name:
    """What tells a series from all others."""
    return frozenset(series.labels.items())


def target(series: Series) -> Target:
    """What a series was scraped from."""
    return series.labels.get("job", ""), series.labels.get("instance", "")
