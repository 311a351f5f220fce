"""Which mesh or cluster an experiment is for, in a form that can be handed to another process."""

from __future__ import annotations

from collections.abc import Set
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from souk_canary.definition import Definition, Load
    from souk_canary.homes import Home
    from souk_canary.load import Generator
    from souk_canary.sources import Source
    from souk_canary.steering import Ground

# Each place brings libraries that the other does not need, and a guardian needs no source: they are imported where it
# is known which one it is.


class Dialect(StrEnum):
    """Whose metrics there are."""

    ISTIO = "istio"
    """Istio's standard ones, of its proxies."""
    SERVICES = "services"
    """The services' own RPC metrics, and Envoy's."""


@dataclass(frozen=True)
class Metrics:
    """Where a cluster's requests are counted."""

    url: str
    """Of Prometheus."""
    dialect: Dialect = Dialect.ISTIO


@dataclass(frozen=True)
class Code:
    """Two versions of the code: commits of git, or `.` for the working tree."""

    baseline: str
    candidate: str


class Place(BaseModel):
    """A local mesh by its state folder, or a cluster by its kubectl context."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mesh: Path | None = None
    context: str | None = None
    """Empty for kubectl's current one."""

    def __str__(self) -> str:
        if self.mesh is not None:
            return f"local mesh in {self.mesh.name}/"
        return f"cluster {self.context or '(the current context)'}"

    def home(self) -> Home:
        """The way to act there."""
        if self.mesh is not None:
            from souk_mesh.state import StateDir  # noqa: PLC0415

            from souk_canary.homes.local import LocalMesh  # noqa: PLC0415

            return LocalMesh(StateDir(self.mesh))
        from souk_canary.homes.cluster import Cluster  # noqa: PLC0415

        return Cluster(self.context or None)

    def source(self, definition: Definition, ground: Ground, metrics: Metrics | None) -> Source:
        """The way to look there.

        Raises:
            CannotBegin: the place has no source for what the definition asks.
        """
        from souk_canary.steering import CannotBegin  # noqa: PLC0415

        if self.mesh is not None:
            if definition.criteria.custom:
                raise CannotBegin(
                    "criteria.custom: the local mesh keeps no metrics that could be queried\n"
                    "  leave it out, or run the experiment on a cluster"
                )
            return _access_log(self.mesh, definition, ground)
        if metrics is None:
            raise CannotBegin("on a cluster, Prometheus tells what happens\n  say where it is with --prometheus URL")
        return _prometheus(metrics, definition, ground)

    def side_by_side(self, definition: Definition, code: Code, repository: Path) -> AbstractContextManager[None]:
        """Puts two versions of the code there as the subsets `baseline` and `candidate`, as long as the context lasts.

        Raises:
            CannotBegin: the place can't run code that is not in an image.
        """
        from souk_canary.steering import CannotBegin  # noqa: PLC0415

        if self.mesh is None:
            raise CannotBegin(
                "--baseline and --candidate name code, and a cluster runs images\n"
                "  deploy the two versions there, and name their subsets in the definition"
            )
        from souk_mesh.state import StateDir  # noqa: PLC0415

        from souk_canary.versions import side_by_side  # noqa: PLC0415

        return side_by_side(
            StateDir(self.mesh),
            repository,
            service=definition.service,
            baseline=code.baseline,
            candidate=code.candidate,
            namespace=definition.namespace,
        )

    def clear(self, namespace: str) -> None:
        """Takes away what a run that died has put there besides weights.

        Raises:
            HomeError: it can't be done now, or it belongs to a run that is alive.
        """
        if self.mesh is not None:
            from souk_mesh.state import StateDir  # noqa: PLC0415

            from souk_canary.homes import HomeError  # noqa: PLC0415
            from souk_canary.versions import VersionError, clear  # noqa: PLC0415

            try:
                clear(StateDir(self.mesh), namespace)
            except VersionError as error:
                raise HomeError(str(error)) from error

    def load(self, wanted: Load, folder: Path) -> Generator:
        """The way to make requests there, as a definition in this folder describes them.

        Raises:
            CannotBegin: the place can't be given requests.
        """
        from souk_mesh.state import StateDir  # noqa: PLC0415

        from souk_canary.load import Generator  # noqa: PLC0415
        from souk_canary.steering import CannotBegin  # noqa: PLC0415

        if self.mesh is None:
            raise CannotBegin(
                "load: the tool makes requests on a local mesh only\n"
                "  leave it out: on a cluster, an experiment takes the requests that there are"
            )
        return Generator(folder / wanted.requests, rate=wanted.rate, state=StateDir(self.mesh))


def _access_log(mesh: Path, definition: Definition, ground: Ground) -> Source:
    from souk_mesh.state import StateDir  # noqa: PLC0415

    from souk_canary.sources import access_log, attempts  # noqa: PLC0415

    return access_log.AccessLog(
        StateDir(mesh),
        attempts.Versions(definition.service, definition.namespace, ground.labels),
        baseline=definition.baseline,
        candidate=definition.candidate,
        bad=_bad(definition),
    )


def _prometheus(metrics: Metrics, definition: Definition, ground: Ground) -> Source:
    from souk_canary.sources.prometheus.custom import CustomQuery  # noqa: PLC0415
    from souk_canary.sources.prometheus.queries import QUERY_SETS, Subject, Version  # noqa: PLC0415
    from souk_canary.sources.prometheus.source import Prometheus  # noqa: PLC0415

    baseline, candidate = (
        Version(subset, ground.labels[subset].get("version", subset))
        for subset in (definition.baseline, definition.candidate)
    )
    return Prometheus(
        metrics.url,
        Subject(definition.namespace, definition.service, baseline, candidate),
        QUERY_SETS[metrics.dialect.value],
        settle=definition.settle,
        bad=_bad(definition),
        custom=[CustomQuery(each.name, each.attempts, each.bad) for each in definition.criteria.custom],
    )


def _bad(definition: Definition) -> Set[str]:
    from souk_canary.sources.endings import BLAMING  # noqa: PLC0415

    return BLAMING if definition.criteria.bad is None else frozenset(definition.criteria.bad)
