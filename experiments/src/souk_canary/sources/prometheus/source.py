"""Prometheus as a source of counts."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import chain

from souk_canary.counts import Arm, PodCounts
from souk_canary.sources import Counts, SourceError, endings
from souk_canary.sources.prometheus.api import Api, Series
from souk_canary.sources.prometheus.counters import Cut, Name, Place, Target, first_scrapes, name, spacing, target
from souk_canary.sources.prometheus.custom import CustomQuery
from souk_canary.sources.prometheus.queries import Counter, QuerySet, Reporter, Subject, Version

# Of Envoy, and so of Istio. Below a millisecond there is noise, above a minute nobody waits.
DEFAULT_BOUNDS: tuple[float, ...] = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
# How far back a counter is looked for at the start; Prometheus' own idea of when a series has ended.
LOOK_BACK = 300.0
# How much later than others a sample may come to be seen: a slow scrape, a remote write.
LATE = 60.0
# Counts are as of so many scrape intervals ago: then each pod has been scraped since, even if one is a little late.
BEHIND = 1.5
# So many scrapes may be missed before a version counts as not observed.
MISSED = 3
# And so many seconds, since a scrape may be late.
SOON = 3.0
# The usual interval, where none can be seen yet.
USUAL_SPACING = 60.0


@dataclass
class _Tallies:
    """What is gathered about attempts."""

    endings: Tally[str] = field(default_factory=Tally)
    buckets: Tally[float] = field(default_factory=Tally)
    """By upper limit, in seconds."""


@dataclass
class _Side:
    """What is gathered for one version."""

    pods: dict[str, _Tallies] = field(default_factory=dict)
    """What callees report."""
    unanswered: Tally[str] = field(default_factory=Tally)
    """What callers report."""
    newest: float = 0.0
    """When one of its pods was scraped last."""

    def pod(self, series: Series) -> _Tallies:
        """Those of the pod that a series is of."""
        return self.pods.setdefault(series.labels.get("pod") or series.labels.get("instance", ""), _Tallies())


@dataclass(frozen=True)
class _Found:
    """The samples of all queries, at one moment."""

    at: float
    counters: tuple[Sequence[Series], ...]
    latency: Sequence[Series]
    custom: Mapping[str, tuple[Sequence[Series], ...]]
    """By query: attempts and bad of the baseline, attempts and bad of the candidate."""

    def all(self) -> Iterable[Series]:
        return chain(*self.counters, self.latency, *chain(*self.custom.values()))


@dataclass(frozen=True)
class _Growth:
    """By how much counters have grown between two looks."""

    before: Mapping[Name, Place]
    after: Mapping[Name, Place]

    def of(self, series: Series) -> int:
        """That of one; none if it is not there yet."""
        before, after = self.before.get(name(series)), self.after.get(name(series))
        return (after.counted if after else 0) - (before.counted if before else 0)


class Prometheus:
    """Counts what both versions did between two looks, to the single attempt.

    They are as of one and a half scrape intervals ago. What a change of the split does is in the counts after it from
    one interval later on, and so `settle` has to be so long: how long after a change counting begins.
    """

    def __init__(
        self,
        url: str,
        subject: Subject,
        queries: QuerySet,
        *,
        settle: float,
        bad: Set[str] = endings.BLAMING,
        custom: Sequence[CustomQuery] = (),
    ) -> None:
        self._api = Api(url)
        self._subject = subject
        self._queries = queries
        self._bad = bad
        self._custom = {
            each.name: (*each.filled(subject, subject.baseline), *each.filled(subject, subject.candidate))
            for each in custom
        }
        self._settle = settle
        self._places: dict[Name, Place] = {}
        self._looked = 0.0
        self._begun = 0.0
        self._seen: Mapping[Version, float] = {}
        self._spacing = USUAL_SPACING
        self._bounds = DEFAULT_BOUNDS

    @property
    def bounds(self) -> tuple[float, ...]:
        """Those of the histogram that there is at the start; Envoy's usual ones if there is none yet."""
        return self._bounds

    @property
    def behind(self) -> float:
        """How many seconds ago it was what the counts say."""
        return BEHIND * self._spacing

    def start(self) -> None:
        """Finds out where the counters are now."""
        found = self._look(LOOK_BACK)
        self._spacing = self._usual_spacing(found)
        least = self.behind + self._spacing
        if self._settle < least:
            raise SourceError(
                f"{self._subject.service} is scraped each {self._spacing:.3g} s, and settle is {self._settle:g} s\n"
                f"  a window would count requests from before a change of the split: let it be {least:.3g}s"
            )
        cut = self._cut(found, {})
        self._places = {name(each): place for each in found.all() if (place := cut.begin(each)) is not None}
        self._looked = self._begun = found.at
        limits = sorted(_limits(found.latency))
        self._bounds = tuple(each for each in limits if 0.001 <= each <= 60) or DEFAULT_BOUNDS

    def take(self) -> Counts:
        """What happened since, up to one and a half scrape intervals ago."""
        found = self._look(self._api.now() - self._looked + (BEHIND + 1) * self._spacing + LATE)
        cut = self._cut(found, self._scraped(found))
        places = dict(self._places)
        for each in found.all():
            if (place := cut.move(self._places.get(name(each)), each)) is not None:
                places[name(each)] = place
        growth = _Growth(self._places, places)
        sides = {version: _Side() for version in (self._subject.baseline, self._subject.candidate)}
        for query, series in zip(self._queries.counters, found.counters, strict=True):
            for each in series:
                self._count(query, each, sides, growth)
        for each in found.latency:
            side = sides[self._queries.latency.version(self._subject, each.labels)]
            side.pod(each).buckets[_limit(each)] += growth.of(each)
        self._check_bounds(found)
        seen = self._seen_since(sides, found.at)
        arms = [self._arm(side, self._customs(found, number, growth)) for number, side in enumerate(sides.values())]
        # Not before everything was understood: what fails here is counted the next time.
        self._places, self._looked, self._seen = places, found.at, seen
        return Counts(*arms)

    def close(self) -> None:
        """Closes the connection."""
        self._api.close()

    def _look(self, seconds: float) -> _Found:
        at = self._api.now()
        return _Found(
            at,
            tuple(self._api.samples(self._subject.fill(each.selector), seconds, at) for each in self._queries.counters),
            self._api.samples(self._subject.fill(self._queries.latency.selector), seconds, at),
            {
                query: tuple(self._api.samples(each, seconds, at) for each in selectors)
                for query, selectors in self._custom.items()
            },
        )

    def _cut(self, found: _Found, scraped: Mapping[Target, float]) -> Cut:
        return Cut(found.at - self.behind, self._spacing, scraped)

    def _usual_spacing(self, found: _Found) -> float:
        """How often the service's pods are scraped; before they have had a request, how often those beside them are."""
        beside = f'up{{namespace="{self._subject.namespace}"}}'
        return spacing(found.all()) or spacing(self._api.samples(beside, LOOK_BACK, found.at)) or USUAL_SPACING

    def _scraped(self, found: _Found) -> Mapping[Target, float]:
        """Since when targets have been scraped, of those that have a counter which is new.

        A target with counters that are not new has been since before. Of others, `up` tells.
        """
        old = dict.fromkeys(map(_target_of, self._places), self._begun - LOOK_BACK)
        strange = {target(each) for each in found.all() if name(each) not in self._places} - old.keys()
        if not strange:
            return old
        # So far back nothing was seen of these counters, neither now nor at the looks before.
        reach = found.at - self._looked + LOOK_BACK
        ups = chain.from_iterable(
            self._api.samples(f'up{{job="{job}",instance="{instance}"}}', reach, found.at)
            for job, instance in sorted(strange)
        )
        return {**old, **first_scrapes(ups)}

    def _count(self, query: Counter, series: Series, sides: Mapping[Version, _Side], growth: _Growth) -> None:
        side = sides[query.version(self._subject, series.labels)]
        grown, ending = growth.of(series), query.ending(series.labels)
        if query.reporter is Reporter.CALLER:
            side.unanswered[ending] += grown
            return
        side.pod(series).endings[ending] += grown
        side.newest = max(series.samples[-1][0], side.newest)

    def _seen_since(self, sides: Mapping[Version, _Side], now: float) -> Mapping[Version, float]:
        """When each version was scraped last; one that had been, and is no longer, can't be judged."""
        seen = {version: max(side.newest, self._seen.get(version, 0.0)) for version, side in sides.items()}
        for version, last in seen.items():
            if 0 < last < now - max(MISSED * self._spacing, SOON):
                raise SourceError(
                    f"nothing was scraped of {self._subject.service} {version.subset} in the last {now - last:.0f} s\n"
                    f"  are there pods of it, and does Prometheus reach them? `up` tells"
                )
        return seen

    def _check_bounds(self, found: _Found) -> None:
        limits = _limits(found.latency)
        if limits and not limits.issuperset(self._bounds):
            raise SourceError(
                f"the latencies of {self._subject.service} come in other buckets than at the start: "
                f"{', '.join(f'{each:g}' for each in sorted(limits))} seconds\n  start the experiment again"
            )

    def _customs(self, found: _Found, number: int, growth: _Growth) -> Mapping[str, PodCounts]:
        counts = {}
        for query, parts in found.custom.items():
            attempts, bad = (sum(growth.of(each) for each in part) for part in parts[2 * number : 2 * number + 2])
            counts[query] = PodCounts(attempts, min(bad, attempts))
        return counts

    def _arm(self, side: _Side, custom: Mapping[str, PodCounts]) -> Arm:
        pods = {pod: self._pod_counts(tallies) for pod, tallies in side.pods.items()}
        codes = sum((tallies.endings for tallies in side.pods.values()), Tally(side.unanswered))
        return Arm(
            attempts=codes.total(),
            bad=self._bad_of(codes),
            slower=tuple(sum(each.slower[place] for each in pods.values()) for place in range(len(self._bounds))),
            codes={ending: count for ending, count in codes.items() if count},
            pods=pods,
            custom=custom,
        )

    def _pod_counts(self, tallies: _Tallies) -> PodCounts:
        attempts = tallies.endings.total()
        slower = (tallies.buckets[float("inf")] - tallies.buckets[bound] for bound in self._bounds)
        # A proxy counts an attempt and its latency at moments that a scrape can fall between.
        return PodCounts(attempts, self._bad_of(tallies.endings), tuple(min(each, attempts) for each in slower))

    def _bad_of(self, tally: Tally[str]) -> int:
        return sum(count for ending, count in tally.items() if endings.is_bad(ending, self._bad))


def _limits(buckets: Iterable[Series]) -> set[float]:
    return {_limit(each) for each in buckets}


def _limit(bucket: Series) -> float:
    """The upper limit of a bucket in seconds; written as `250` or, by newer Prometheus, `250.0`."""
    return float(bucket.labels["le"]) / 1000


def _target_of(name: Name) -> Target:
    labels = dict(name)
    return labels.get("job", ""), labels.get("instance", "")
