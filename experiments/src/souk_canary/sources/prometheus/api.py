"""Prometheus' HTTP API, as far as it is used: instant queries for samples as they were scraped."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import BaseModel, ValidationError

from souk_canary.sources import SourceError

# A window is seconds long: an answer that takes longer has missed it.
PATIENCE = 5.0


@dataclass(frozen=True)
class Series:
    """The samples of one counter, at least one, oldest first: when each was scraped, in seconds, and what it was."""

    labels: Mapping[str, str]
    samples: tuple[tuple[float, float], ...]


class _Data(BaseModel):
    result: list[Any]


class _Reply(BaseModel):
    status: str
    data: _Data | None = None
    error: str = ""
    warnings: list[str] = []


class _Matrix(BaseModel):
    metric: dict[str, str]
    values: list[tuple[float, str]] = []


class Api:
    """One Prometheus, or what speaks like it (Thanos, Mimir, VictoriaMetrics). A login in its URL is used."""

    def __init__(self, url: str, patience: float = PATIENCE) -> None:
        self._url = url.rstrip("/")
        self._client = httpx.Client(timeout=patience)

    def now(self) -> float:
        """Its own clock, which its samples' times are to be compared with."""
        result = self._query("time()", {})
        return float(result[1])

    def samples(self, selector: str, seconds: float, at: float) -> Sequence[Series]:
        """What was scraped for a selector in so many seconds before a moment.

        Raises:
            SourceError: nothing answers, not in time, with an error, or with a part of what there is.
        """
        result = self._query(f"{selector}[{math.ceil(seconds)}s]", {"time": f"{at:.3f}"})
        try:
            rows = [_Matrix.model_validate(each) for each in result]
        except ValidationError as error:
            raise SourceError(f"{self._url} answers with something else than samples to {selector}") from error
        found = (Series(row.metric, _numbers(row.values)) for row in rows)
        return [series for series in found if series.samples]

    def close(self) -> None:
        """Closes its connections."""
        self._client.close()

    def _query(self, query: str, more: Mapping[str, str]) -> list[Any]:
        try:
            answer = self._client.post(f"{self._url}/api/v1/query", data={"query": query, **more})
        except httpx.TimeoutException as error:
            raise SourceError(f"Prometheus at {self._url} has not answered in time") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SourceError(f"Prometheus at {self._url} does not answer: {error}") from error
        try:
            reply = _Reply.model_validate_json(answer.content)
        except ValidationError as error:
            start = " ".join(answer.text[:80].split())
            raise SourceError(f"{self._url} is no Prometheus: HTTP {answer.status_code}, {start!r}") from error
        if reply.status != "success" or reply.data is None:
            raise SourceError(f"Prometheus at {self._url} refuses {query}: {reply.error}")
        if reply.warnings:
            # A store of several that misses one: what it has may be a part only.
            raise SourceError(f"Prometheus at {self._url} is not sure of its answer: {'; '.join(reply.warnings)}")
        return reply.data.result


def _numbers(values: Sequence[tuple[float, str]]) -> tuple[tuple[float, float], ...]:
    numbers = ((time, float(text)) for time, text in values)
    # A counter that is not a number says nothing; the next sample will.
    return tuple((time, number) for time, number in numbers if math.isfinite(number))
