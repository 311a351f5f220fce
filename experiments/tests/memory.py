"""A home, a source and a clock in memory: they do what the real ones do, and can be made to fail at will."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from souk_canary import routing
from souk_canary.counts import Arm
from souk_canary.engine import Engine
from souk_canary.homes import Changed, Document, HomeError, Key, Pod, Unreachable
from souk_canary.record import Judged, Moment
from souk_canary.sources import Counts, SourceError

RULE = Key("VirtualService", "souk", "payment")
BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)


class StepClock:
    """Time that passes only when somebody waits; what is planned happens on the way."""

    def __init__(self) -> None:
        self._now = 0.0
        self._plans: list[tuple[float, Callable[[], None]]] = []
        self.interrupted: str | None = None

    def now(self) -> float:
        return self._now

    def wait(self, seconds: float) -> None:
        self._now += seconds
        due = [plan for plan in self._plans if plan[0] <= self._now]
        self._plans = [plan for plan in self._plans if plan not in due]
        for _, happen in due:
            happen()

    def at(self, seconds: float, happen: Callable[[], None]) -> None:
        self._plans.append((seconds, happen))

    def interrupt(self) -> None:
        self.interrupted = "SIGINT"


class MemoryHome:
    """Objects with versions, proxies that take up what is stored, and pods."""

    def __init__(self, weights: Mapping[str, int]) -> None:
        self.objects: dict[Key, dict[str, Any]] = {}
        self.stuck: set[str] = set()
        self.reachable = True
        self.loses_answers = False
        self.meddlers = 0
        """So many others write in between, after a read."""
        self.writes = 0
        self.released: list[Document] = []
        self.ready = {"v1": 1, "v2": 1}
        self.restarts = {"v1": 0, "v2": 0}
        route = [{"destination": {"host": "payment", "subset": name}, "weight": weights[name]} for name in weights]
        self.put("VirtualService", {"hosts": ["payment"], "http": [{"route": route}]})
        self.put("Service", {"selector": {"app": "payment"}})
        subsets = [{"name": name, "labels": {"version": name}} for name in ("v1", "v2")]
        self.put("DestinationRule", {"host": "payment", "subsets": subsets})

    def put(self, kind: str, spec: Mapping[str, Any]) -> None:
        """What somebody applies."""
        self.writes += 1
        metadata = {"name": "payment", "namespace": "souk", "resourceVersion": str(self.writes)}
        self.objects[Key(kind, "souk", "payment")] = {"kind": kind, "metadata": metadata, "spec": spec}

    def edit(self, weights: Mapping[str, int]) -> None:
        """What somebody does who sets weights while a run holds the object."""
        stored = self.objects[RULE]
        self.writes += 1
        changed = dict(routing.with_weights("payment", stored, weights))
        changed["metadata"] = {**stored["metadata"], "resourceVersion": str(self.writes)}
        self.objects[RULE] = changed

    @property
    def weights(self) -> Mapping[str, int]:
        return routing.weights("payment", self.objects[RULE])

    @property
    def annotations(self) -> Mapping[str, str]:
        found: Mapping[str, str] = self.objects[RULE]["metadata"].get("annotations", {})
        return found

    def list(self, kind: str, namespace: str) -> Sequence[Document]:
        self._answer()
        return [
            copy.deepcopy(each) for key, each in self.objects.items() if (key.kind, key.namespace) == (kind, namespace)
        ]

    def read(self, key: Key) -> Document:
        self._answer()
        if key not in self.objects:
            raise HomeError(f"there is no {key}")
        found = copy.deepcopy(self.objects[key])
        if self.meddlers:
            self.meddlers -= 1
            self.writes += 1
            self.objects[key]["metadata"] = {**found["metadata"], "resourceVersion": str(self.writes)}
        return found

    def replace(self, document: Document) -> Document:
        self._answer()
        key = routing.key(document)
        metadata = document["metadata"]
        assert isinstance(metadata, Mapping)
        if metadata["resourceVersion"] != self.objects[key]["metadata"]["resourceVersion"]:
            raise Changed(f"{key} was changed")
        self.writes += 1
        stored = {**document, "metadata": {**metadata, "resourceVersion": str(self.writes)}}
        self.objects[key] = copy.deepcopy(stored)
        if self.loses_answers:
            self.loses_answers = False
            raise Unreachable("the answer was lost")
        return stored

    def confirmed(self, document: Document) -> Sequence[str]:
        self._answer()
        return sorted(self.stuck)

    def pods(self, namespace: str, labels: Mapping[str, str]) -> Sequence[Pod]:
        self._answer()
        assert labels["app"] == "payment", "a subset's pods are the Service's"
        version = labels["version"]
        ready = self.ready[version]
        return [Pod(f"payment-{version}", ready > 0, self.restarts[version], 60.0)]

    def release(self, document: Document) -> None:
        self.released.append(document)

    def _answer(self) -> None:
        if not self.reachable:
            raise Unreachable("the home does not answer")


class MemorySource:
    """Requests as they would come at the clock's time, split as the home says, failing at the given rates."""

    bounds = BOUNDS

    def __init__(self, clock: StepClock, home: MemoryHome, rate: float, errors: Mapping[str, float]) -> None:
        self.errors = dict(errors)
        self.rate = rate
        self.works = True
        self.open = False
        self._clock, self._home = clock, home
        self._random = np.random.default_rng(7)
        self._since = 0.0

    def start(self) -> None:
        self.open = True
        self._since = self._clock.now()

    def take(self) -> Counts:
        if not self.works:
            raise SourceError("the source does not answer")
        length, self._since = self._clock.now() - self._since, self._clock.now()
        return Counts(*(self._arm(name, length) for name in ("v1", "v2")))

    def close(self) -> None:
        self.open = False

    def _arm(self, version: str, length: float) -> Arm:
        share = self._home.weights[version] / sum(self._home.weights.values())
        attempts = int(self._random.poisson(self.rate * length * share))
        bad = int(self._random.binomial(attempts, self.errors[version]))
        latencies = self._random.lognormal(-4.0, 0.7, attempts)
        slower = tuple(int((latencies > bound).sum()) for bound in self.bounds)
        return Arm(attempts, bad, slower, {"OK": attempts - bad, "UNAVAILABLE": bad})


class Listener:
    """Keeps what it was told."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def told(self, moment: Moment) -> None:
        self.texts.append(moment.text)

    def counted(self, judged: Judged) -> None:
        pass

    def shown(self, engine: Engine, now: float) -> None:
        pass
