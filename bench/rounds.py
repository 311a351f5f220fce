"""Two servers loaded in turns: ours, theirs, ours, theirs, each with the same load on the same cores."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from bench.h2load import Load, send
from bench.processes import Running
from bench.results import Figures
from bench.statistics import Comparison, Round

ROUNDS = 7
SECONDS = 2.0
"""How long a turn takes, about: the number of requests is set by what the warm-up managed."""
_WARM_UP = 3000


@dataclass(frozen=True)
class Contender:
    """A server and what it is asked."""

    running: Running
    load: Load


@dataclass(frozen=True)
class Race:
    """What came of it."""

    rates: Comparison
    """Calls per second."""
    ours_us: float
    """What a call costs the server's processor, in µs; the median."""
    theirs_us: float

    def figures(self, key: str) -> Figures:
        """For the results: the ratio, and what it is made of."""
        return {
            key: self.rates.ratio,
            f"{key}_spread": list(self.rates.spread),
            f"{key}_per_s": [self.rates.ours, self.rates.theirs],
            f"{key}_cpu_us": [self.ours_us, self.theirs_us],
        }


@dataclass(frozen=True)
class _Turn:
    per_second: float
    cpu_us: float


def race(ours: Contender, theirs: Contender, rounds: int = ROUNDS) -> Race:
    """Warms both up, then loads them in turns."""
    some, others = _requests(ours), _requests(theirs)
    turns = [(_turn(ours, some), _turn(theirs, others)) for _ in range(rounds)]
    return Race(
        Comparison(tuple(Round(one.per_second, other.per_second) for one, other in turns)),
        median(one.cpu_us for one, _ in turns),
        median(other.cpu_us for _, other in turns),
    )


def _requests(contender: Contender) -> int:
    """Warms it up, and gives how many requests it needs to be busy for a turn."""
    send(contender.load, _WARM_UP)
    return max(_WARM_UP, round(send(contender.load, _WARM_UP).per_second * SECONDS))


def _turn(contender: Contender, requests: int) -> _Turn:
    before = contender.running.cpu_seconds()
    report = send(contender.load, requests)
    return _Turn(report.per_second, (contender.running.cpu_seconds() - before) / report.requests * 1e6)
