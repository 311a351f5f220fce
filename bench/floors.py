"""Every key, what it says, and its floor. The verdict is derived from the figures, never kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, cast

from bench.results import Figures, Series


class Floor(Protocol):
    """What must hold of a figure."""

    @property
    def text(self) -> str:
        """As a person reads it."""

    def holds(self, key: str, figures: Figures, /) -> bool | None:
        """Whether it does; None if there is nothing to hold."""


@dataclass(frozen=True)
class AtLeast:
    """The figure is this or more."""

    bound: float

    @property
    def text(self) -> str:
        """As a person reads it."""
        return f"≥ {self.bound:g}"

    def holds(self, key: str, figures: Figures) -> bool | None:
        """Whether it is."""
        return number(figures, key) >= self.bound


@dataclass(frozen=True)
class AtMost:
    """The figure is this or less, with so much more for each of what another key counts."""

    bound: float
    more: float = 0
    per: str = ""

    @property
    def text(self) -> str:
        """As a person reads it."""
        return f"≤ {self.bound:g}" + (f" + {self.more:g} per {self.per.removesuffix('s')}" if self.per else "")

    def holds(self, key: str, figures: Figures) -> bool | None:
        """Whether it is."""
        allowed = self.bound + (self.more * number(figures, self.per) if self.per else 0)
        return number(figures, key) <= allowed


@dataclass(frozen=True)
class Flat:
    """In each of the series whose names begin so, the last point is at most so many times the first."""

    prefix: str
    times: float

    @property
    def text(self) -> str:
        """As a person reads it."""
        return f"{self.prefix}*: last ≤ {self.times:g}× first"

    def holds(self, key: str, figures: Figures) -> bool | None:
        """Whether each is."""
        series = [
            points
            for name, points in cast("Mapping[str, Series]", figures[key]).items()
            if name.startswith(self.prefix)
        ]
        return bool(series) and all(points[-1][1] <= self.times * points[0][1] for points in series)


@dataclass(frozen=True)
class Below:
    """No point of these series is above its bound."""

    bounds: Mapping[str, float]

    @property
    def text(self) -> str:
        """As a person reads it."""
        return ", ".join(f"{name} ≤ {bound:g}" for name, bound in self.bounds.items())

    def holds(self, key: str, figures: Figures) -> bool | None:
        """Whether each is."""
        series = cast("Mapping[str, Series]", figures[key])
        return all(y <= bound for name, bound in self.bounds.items() for _, y in series[name])


@dataclass(frozen=True)
class NoMoreThan:
    """The figure is at most so many times that of another key."""

    other: str
    times: float

    @property
    def text(self) -> str:
        """As a person reads it."""
        return f"≤ {self.times:g} × {self.other}"

    def holds(self, key: str, figures: Figures) -> bool | None:
        """Whether it is."""
        return number(figures, key) <= self.times * number(figures, self.other)


@dataclass(frozen=True)
class Stated:
    """Measured and told, without a bound."""

    @property
    def text(self) -> str:
        """As a person reads it."""
        return "stated"

    def holds(self, _key: str, _figures: Figures, /) -> bool | None:
        """Nothing to hold."""
        return None


@dataclass(frozen=True)
class Key:
    """One line of the table."""

    name: str
    says: str
    floor: Floor


KEYS = (
    Key("up_seconds", "warm `make up` of `overlays/local`, to every pod ready; s", AtMost(5)),
    Key("up_new_seconds", "the same without any data: every table is made; s", Stated()),
    Key("up_cold_seconds", "the same in a fresh clone, package and build caches warm; s", AtMost(90)),
    Key("up_empty_seconds", "the same with all caches empty; s", Stated()),
    Key("mesh_pss_mb", "memory of everything, PSS; MB", AtMost(700)),
    Key("mesh_overhead_pss_mb", "of everything but the applications; MB", AtMost(100, 25, "sidecars")),
    Key("sidecars", "sidecars in that mesh", Stated()),
    Key("sidecar_private_mb", "private memory of one sidecar, the largest; MB", AtMost(20)),
    Key("check_seconds", "`souk check` of the largest overlay; s", AtMost(1.5)),
    Key("weight_change_p99_ms", "stored weight edited → last proxy acknowledged, 10 services, of 100; ms", AtMost(10)),
    Key("weight_change_p50_ms", "the median of these; ms", Stated()),
    Key("chassis_vs_bare", "trivial call, every interceptor on, 1 % traced, by bare grpcio; calls/s", AtLeast(0.6)),
    Key("chassis_vs_bare_sampled", "the same with every call traced and exported", AtLeast(0.45)),
    Key("read_vs_bare", "GetProduct from SQLite, by bare grpcio + SQLModel; calls/s", AtLeast(0.8)),
    Key("sidecar_added_ms_p50", "one call with mTLS through both sidecars against none; ms", AtMost(0.5)),
    Key("sidecar_vs_plain_envoys", "the same, by what two Envoys add that only forward HTTP/2", Stated()),
    Key("place_order_per_s", "orders placed through ingress and gateway, SQLite; 1/s", Stated()),
    Key("place_order_p50_ms", "one customer at a time, SQLite; ms", Stated()),
    Key("place_order_p99_ms", "the same", Stated()),
    Key("place_order_per_s_postgresql", "orders placed, PostgreSQL; 1/s", Stated()),
    Key("place_order_p50_ms_postgresql", "one customer at a time, PostgreSQL; ms", Stated()),
    Key("place_order_p99_ms_postgresql", "the same", Stated()),
    Key("local_vs_cluster_start", "`kubectl apply` of `overlays/dev` to ready, by `make up`", AtLeast(5)),
    Key("local_vs_cluster_memory", "PSS of the cluster with it, by the local mesh", AtLeast(2)),
    Key("growth", "how it grows with what is stored: see the plots", Flat("list_products_ms_", 1.5)),
    Key(
        "growth_mesh",
        "the control plane with 10, 50, 200 services: see the plots",
        Below({"area_change_ms": 30, "hub_change_ms": 250, "memory_mb": 250}),
    ),
    Key("gateway_vs_grpc_gateway", "GET of a product, HTTP/1.1, by grpc-gateway (Go); requests/s", AtLeast(1.05)),
    Key("gateway_vs_python", "the same by Starlette + grpc.aio", AtLeast(2.5)),
    Key("gateway_vs_passthrough", "the same by raw gRPC through the chain less the transcoder", AtLeast(0.6)),
    Key("gateway_added_ms_p50", "latency added at one connection; ms", Stated()),
    Key("gateway_added_ms_p99", "the same", Stated()),
    Key("gateway_pss_mb", "memory of the gateway at rest; MB", Stated()),
    Key("gateway_pss_after_mb", "and after 100,000 requests; MB", NoMoreThan("gateway_pss_mb", 1.1)),
)


def number(figures: Figures, key: str) -> float:
    """A figure that is one number."""
    return cast("float", figures[key])


def verdict(key: Key, figures: Figures) -> str:
    """`yes`, `no`, nothing to hold, or not measured yet."""
    if key.name not in figures:
        return "not measured"
    return {True: "yes", False: "no", None: "–"}[key.floor.holds(key.name, figures)]
