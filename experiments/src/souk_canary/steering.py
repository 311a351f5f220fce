"""Acts on the VirtualService for one run: writes weights under a lease, and notices what others do to them."""

from __future__ import annotations

import math
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from souk_canary import lease, routing
from souk_canary.definition import Definition
from souk_canary.engine import Health, Standing
from souk_canary.homes import Document, Home, HomeError, Key
from souk_canary.homes.rewriting import rewrite
from souk_canary.lease import BrokenLease, Lease
from souk_canary.recovery import RunningElsewhere, gone, recover
from souk_canary.routing import CannotSplit, Weights
from souk_canary.verdict import Destination, Outcome

LEASE = timedelta(seconds=60)
"""Long enough for a home that restarts, short enough for whoever waits for a dead run."""
HEALTH_PAUSE = 1.0
"""Seconds between looks at the pods: a local mesh measures their memory for each answer, which takes 40 ms."""


class CannotBegin(Exception):
    """The experiment can't begin; the text says why, and what to do. Nothing was changed."""


class Overruled(Exception):
    """Somebody else has changed what the experiment had written."""

    def __init__(self, outcome: Outcome, why: str) -> None:
        super().__init__(why)
        self.outcome = outcome


@dataclass(frozen=True)
class Ground:
    """What an experiment finds: the object that splits the service, its weights, and the versions' pods."""

    key: Key
    before: Weights
    labels: Mapping[str, Mapping[str, str]]
    """Of the pods of each subset."""


def survey(home: Home, definition: Definition) -> Ground:
    """Looks whether the experiment can begin; undoes what a dead run has left.

    Raises:
        CannotBegin: it can't.
    """
    service, namespace = definition.service, definition.namespace
    try:
        document = routing.find(service, namespace, home.list("VirtualService", namespace))
        held = lease.read(document)
        if held is not None:
            if not gone(held):
                raise RunningElsewhere(held)
            recover(home, routing.key(document), held.holder)
            document = home.read(routing.key(document))
        before = routing.weights(service, document)
        selector = routing.selector(home.read(Key("Service", namespace, service)))
        subsets = routing.subsets(service, namespace, home.list("DestinationRule", namespace))
        labels = {subset: {**selector, **own} for subset, own in subsets.items()}
        _check_subsets(home, definition, labels)
    except (CannotSplit, BrokenLease, RunningElsewhere, HomeError) as error:
        raise CannotBegin(str(error)) from error
    return Ground(routing.key(document), before, labels)


def _check_subsets(home: Home, definition: Definition, labels: Mapping[str, Mapping[str, str]]) -> None:
    service = definition.service
    for subset in (definition.baseline, definition.candidate):
        if subset not in labels:
            known = ", ".join(labels) or "none"
            raise CannotBegin(f"{service} has no subset {subset}\n  its DestinationRule defines: {known}")
        pods = home.pods(definition.namespace, labels[subset])
        if not any(pod.ready for pod in pods):
            shown = ",".join(f"{name}={value}" for name, value in labels[subset].items())
            raise CannotBegin(
                f"no pod of {service} {subset} is ready; {len(pods)} have its labels ({shown})\n"
                "  `souk status` or `kubectl get pods` says more"
            )


class Steering:
    """One run's hold on its object. What it does may also fail with a HomeError."""

    def __init__(self, home: Home, definition: Definition, ground: Ground, holder: str) -> None:
        self.holder = holder
        self._home = home
        self._definition = definition
        self._ground = ground
        self._begun = False
        self._last_health = (-math.inf, Health(ready=0, restarts=0))

    def shift(self, percent: int) -> None:
        """Gives the candidate its share.

        Raises:
            Overruled: somebody else has changed the weights.
        """
        self._write(self._shared(percent))

    def look(self, now: float) -> Standing:
        """How things stand `now` seconds after the beginning; renews the lease when half of it is over.

        Raises:
            Overruled: somebody else has changed the weights.
        """
        document = self._home.read(self._ground.key)
        held = self._checked(document)
        if held is not None and held.left(datetime.now(UTC)) < LEASE.total_seconds() / 2:
            document = self._write(held.written)
        return Standing(self.behind(document), self._health(now))

    def behind(self, document: Document) -> tuple[str, ...]:
        """The proxies that do not yet route as this stored document says."""
        return tuple(self._home.confirmed(document))

    def finish(self, destination: Destination) -> Document | None:
        """Sends the requests where they are to go and takes the lease off, in one write; None when it had no lease.

        Weights that somebody else has set are left as they are.
        """
        service, wanted = self._definition.service, self._wanted(destination)

        def ended(document: Document) -> Document | None:
            held = _lease(document)
            if held is None or held.holder != self.holder:
                return None
            free = lease.with_lease(document, None)
            if wanted is not None and routing.has_weights(service, document, held.written):
                free = routing.with_weights(service, free, wanted)
            return free

        stored = rewrite(self._home, self._ground.key, ended)
        if stored is not None:
            self._home.release(stored)
        return stored

    def _health(self, now: float) -> Health:
        seen, health = self._last_health
        if now - seen >= HEALTH_PAUSE:
            pods = self._home.pods(self._definition.namespace, self._ground.labels[self._definition.candidate])
            health = Health(sum(pod.ready for pod in pods), sum(pod.restarts for pod in pods))
            self._last_health = (now, health)
        return health

    def _wanted(self, destination: Destination) -> Weights | None:
        match destination:
            case Destination.CANDIDATE:
                return self._shared(100)
            case Destination.BASELINE:
                return self._shared(0)
            case Destination.BEFORE:
                return self._ground.before
            case Destination.AS_IS:
                return None

    def _shared(self, percent: int) -> Weights:
        definition = self._definition
        return routing.shared(self._ground.before, definition.baseline, definition.candidate, percent)

    def _write(self, weights: Weights) -> Document:
        def written(document: Document) -> Document:
            self._checked(document)
            note = Lease(
                holder=self.holder,
                host=socket.gethostname(),
                pid=os.getpid(),
                service=self._definition.service,
                until=datetime.now(UTC) + LEASE,
                before=self._ground.before,
                written=weights,
            )
            return lease.with_lease(routing.with_weights(self._definition.service, document, weights), note)

        stored = rewrite(self._home, self._ground.key, written)
        self._begun = True
        return stored

    def _checked(self, document: Document) -> Lease | None:
        """Our lease on the object, None before the first write.

        What is ours is told by the object and not by memory: a write whose answer was lost has been done.
        """
        key, held = self._ground.key, _lease(document)
        ours = held is not None and held.holder == self.holder
        if not ours and (self._begun or held is not None):
            raise Overruled(
                Outcome.ABORTED,
                f"the lease on {key} was taken off: by `souk canary abort`, or as the object was applied anew",
            )
        expected = held.written if held is not None and ours else self._ground.before
        if not routing.has_weights(self._definition.service, document, expected):
            raise Overruled(Outcome.INVALID, f"somebody else changed the weights of {key}: theirs stand")
        return held


def _lease(document: Document) -> Lease | None:
    try:
        return lease.read(document)
    except BrokenLease:
        return None
