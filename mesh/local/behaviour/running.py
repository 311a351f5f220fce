"""Runs a case in a home."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator

from behaviour.case import Call, Case
from behaviour.homes import Home, Place
from behaviour.judging import Observation, arrived, judge

# A mirrored copy is on its way when the answer to its original is there.
ARRIVING = 2.0


def problems(case: Case, home: Home, patience: float) -> list[str]:
    """What is not as the case states, in a home that holds its objects.

    As long as something is not, all calls are made again, for as many seconds: only when they all hold at the same
    time is it known that every object of the case has arrived at every proxy.
    """
    deadline = time.monotonic() + patience
    while True:
        found = [
            f"calls[{index}] ({call.protocol}): {problem}"
            for index, call in enumerate(case.calls)
            for problem in _problems(case, call, home)
        ]
        if not found or time.monotonic() > deadline:
            return found


def _problems(case: Case, call: Call, home: Home) -> Iterator[str]:
    name = uuid.uuid4().hex
    made = home.tell(call.caller or case.caller, Place(call.host, call.port), _order(call, name))
    yield from judge(call.observes, [Observation(**each) for each in made])
    stated = call.observes.arrivals
    if stated is not None:
        deadline = time.monotonic() + ARRIVING
        while (difference := arrived(stated, home.arrivals(name))) and time.monotonic() < deadline:
            time.sleep(0.02)
        if difference:
            yield difference


def _order(call: Call, name: str) -> dict[str, object]:
    asked = call.callee.model_dump(exclude_defaults=True, exclude={"delay"})
    if call.callee.delay is not None:
        asked["delay"] = call.callee.delay.total_seconds()
    order: dict[str, object] = {
        "protocol": call.protocol,
        "port": call.port,
        "authority": call.authority or f"{call.host}:{call.port}",
        "path": call.path,
        "method": call.method,
        "headers": dict(call.headers),
        "asked": json.dumps({"call": name, **asked}),
        "count": call.count,
        "at_once": call.at_once,
    }
    if call.timeout is not None:
        order["timeout"] = call.timeout.total_seconds()
    if call.tls is not None:
        order["tls"] = call.tls.model_dump()
    return order
