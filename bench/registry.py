"""Every measurement, in the order in which `make bench` takes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import (
    chassis_vs_bare,
    check_overlays,
    cluster,
    gateway_speed,
    growth,
    growth_mesh,
    mesh_memory,
    place_order,
    read_vs_bare,
    sidecar,
    up,
    weight_change,
)
from bench.results import Figures


@dataclass(frozen=True)
class Measurement:
    """Something that is measured at one go."""

    name: str
    """What `ONLY=` takes; the module of that name says what is compared, and why that is fair."""
    keys: tuple[str, ...]
    """The keys of the table that it gives."""
    measure: Callable[[Path], Figures]
    """Measures in an empty folder that it may fill."""
    by_hand: bool = False
    """Whether it needs more than `make env` installs, so that it is taken only when it is named."""


MEASUREMENTS = (
    Measurement("up", ("up_seconds", "up_new_seconds"), up.measure),
    Measurement("up_cold", ("up_cold_seconds",), up.measure_cold),
    Measurement("up_empty", ("up_empty_seconds",), up.measure_empty, by_hand=True),
    Measurement(
        "mesh_memory",
        ("mesh_pss_mb", "mesh_overhead_pss_mb", "sidecars", "sidecar_private_mb"),
        mesh_memory.measure,
    ),
    Measurement("check_overlays", ("check_seconds",), check_overlays.measure),
    Measurement("weight_change", ("weight_change_p50_ms", "weight_change_p99_ms"), weight_change.measure),
    Measurement("chassis_vs_bare", ("chassis_vs_bare", "chassis_vs_bare_sampled"), chassis_vs_bare.measure),
    Measurement("read_vs_bare", ("read_vs_bare",), read_vs_bare.measure),
    Measurement(
        "gateway_speed",
        (
            "gateway_vs_grpc_gateway",
            "gateway_vs_python",
            "gateway_vs_passthrough",
            "gateway_added_ms_p50",
            "gateway_added_ms_p99",
            "gateway_pss_mb",
            "gateway_pss_after_mb",
        ),
        gateway_speed.measure,
    ),
    Measurement(
        "place_order",
        tuple(f"place_order_{key}{engine}" for engine in ("", "_postgresql") for key in ("per_s", "p50_ms", "p99_ms")),
        place_order.measure,
    ),
    Measurement("growth", ("growth",), growth.measure),
    Measurement("growth_mesh", ("growth_mesh",), growth_mesh.measure),
    Measurement("cluster", ("local_vs_cluster_start", "local_vs_cluster_memory"), cluster.measure, by_hand=True),
    Measurement("sidecar", ("sidecar_added_ms_p50", "sidecar_vs_plain_envoys"), sidecar.measure),
)


def chosen(names: Sequence[str]) -> Sequence[Measurement]:
    """The measurements of these names or that give these keys; all but those by hand if none is named.

    Raises:
        ValueError: there is none such.
    """
    known = {name for each in MEASUREMENTS for name in (each.name, *each.keys)}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"nothing measures {', '.join(unknown)}\n  there are: {', '.join(sorted(known))}")
    if not names:
        return [each for each in MEASUREMENTS if not each.by_hand]
    return [each for each in MEASUREMENTS if {each.name, *each.keys} & set(names)]
