"""Compares what was observed with what a case states. Pure."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from behaviour.case import Headers, Observed, Seen, Shares, Took

# So rare a result of chance would fail one run in a million, if ten cases of it state shares.
UNLIKELY = 1e-7


@dataclass(frozen=True)
class Observation:
    """What a caller saw of one call, as `echo.orders` describes it."""

    answer: str
    headers: Mapping[str, str]
    bodies: tuple[str, ...]
    seconds: float

    @property
    def replies(self) -> list[Mapping[str, Any]]:
        """What echoes said, if it were they who answered."""
        return [reply for body in self.bodies if isinstance(reply := _json(body), dict) and "version" in reply]


def judge(stated: Observed, seen: Sequence[Observation]) -> Iterator[str]:
    """Says what is not as stated, all but `arrivals`."""
    yield from _shares("answer", stated.answer, [each.answer for each in seen], seen)
    answered = [each for each in seen if each.replies]
    if stated.versions is not None:
        yield from _shares("versions", stated.versions, [_version(each) for each in answered], seen)
    if stated.pods is not None and len(pods := {each.replies[0]["pod"] for each in answered}) != stated.pods:
        yield f"pods: {stated.pods} should have answered, not {len(pods)}: {', '.join(sorted(pods))}"
    for each in seen:
        if stated.messages is not None and len(each.replies) != stated.messages:
            yield f"messages: {len(each.replies)}, not {stated.messages}"
        if stated.body is not None and not any(stated.body in body for body in each.bodies):
            yield f"body: {stated.body!r} is not in {each.bodies}"
        yield from _headers("headers", stated.headers, each.headers)
        yield from _took(stated.took, each.seconds)
    if stated.callee is not None:
        if not answered:
            yield f"callee: no echo answered; seen: {seen[0]}"
        for each in answered:
            yield from _callee(stated.callee, each.replies[0])


def arrived(stated: int | Mapping[str, int], seen: Mapping[str, int]) -> str | None:
    """Says how the arrivals at Deployments differ from what is stated."""
    if isinstance(stated, int):
        total = sum(seen.values())
        return None if total == stated else f"arrivals: {total}, not {stated}: {_present(seen)}"
    return None if _present(seen) == _present(stated) else f"arrivals: {_present(seen)}, not {dict(stated)}"


def expected(count: int, share: float) -> range:
    """How often something may occur in `count` calls that has this probability."""
    if share >= 1:
        return range(count, count + 1)
    chances = [math.comb(count, hits) * share**hits * (1 - share) ** (count - hits) for hits in range(count + 1)]
    low = next(hits for hits in range(count + 1) if sum(chances[: hits + 1]) > UNLIKELY)
    high = next(hits for hits in range(count, -1, -1) if sum(chances[hits:]) > UNLIKELY)
    return range(low, high + 1)


def _shares(what: str, stated: Shares, seen: Sequence[str], all_seen: Sequence[Observation]) -> Iterator[str]:
    counted = Counter(seen)
    total = sum(stated.values())
    for name in sorted(counted.keys() | stated.keys()):
        allowed = expected(len(seen), stated[name] / total) if name in stated else range(1)
        if counted[name] not in allowed:
            bounds = f"{allowed[0]} to {allowed[-1]}" if len(allowed) > 1 else str(allowed[0])
            example = next((each for each in all_seen if name in (each.answer, _version(each))), None)
            yield f"{what}: {name} in {counted[name]} of {len(seen)} calls, should be {bounds}; for example {example}"


def _version(seen: Observation) -> str:
    return "+".join(sorted({str(reply["version"]) for reply in seen.replies}))


def _headers(what: str, stated: Headers, seen: Mapping[str, str]) -> Iterator[str]:
    for name, value in stated.items():
        found = seen.get(name)
        if value is None or isinstance(value, str):
            if found != value:
                yield f"{what}: {name} is {found!r}, not {value!r}"
        elif found is None or not re.fullmatch(value.matches, found):
            yield f"{what}: {name} is {found!r}, which does not match {value.matches!r}"


def _took(stated: Took, seconds: float) -> Iterator[str]:
    took = timedelta(seconds=seconds)
    if stated.at_least is not None and took < stated.at_least:
        yield f"took: {seconds:.3f} s, less than {stated.at_least.total_seconds()} s"
    if stated.at_most is not None and took > stated.at_most:
        yield f"took: {seconds:.3f} s, more than {stated.at_most.total_seconds()} s"


def _callee(stated: Seen, reply: Mapping[str, Any]) -> Iterator[str]:
    for name in ("protocol", "method", "path", "authority"):
        value = getattr(stated, name)
        if value is not None and reply.get(name) != value:
            yield f"callee.{name}: {reply.get(name)!r}, not {value!r}"
    yield from _headers("callee.headers", stated.headers, reply.get("headers", {}))


def _present(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in sorted(counts.items()) if count}


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None
