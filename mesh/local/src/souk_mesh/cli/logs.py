"""`souk logs`: what containers have printed, from their files; works when no mesh runs, too."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from souk_mesh.cli.context import state
from souk_mesh.cli.failures import Failed
from souk_mesh.workloads.naming import possible_owners

PROXY = "istio-proxy"
LOOK_EVERY = 0.1


@dataclass(frozen=True)
class Chosen:
    """Which logs to show: those of a pod, or of the pods of a workload or Service. Found anew whenever it is asked."""

    folder: Path
    target: str
    container: str | None

    def files(self) -> tuple[Path, ...]:
        """The logs there are now."""
        return tuple(
            file
            for pod in sorted(self.folder.glob("*/*"), key=lambda each: each.stat().st_mtime)
            if self.target in _names(pod)
            for file in sorted(pod.glob("*.log"))
            if (file.stem == self.container if self.container else file.stem != PROXY or _only(pod, PROXY))
        )


def find(home: Path | None, target: str, container: str | None) -> Chosen:
    """Finds the logs of a Service, a workload or a pod, perhaps with its namespace: `NAMESPACE/NAME`.

    Raises:
        Failed: there are none.
    """
    chosen = Chosen(state(home).logs, target, container)
    if not chosen.files():
        pods = sorted(pod.name for pod in chosen.folder.glob("*/*"))
        what = f"container {container} of {target}" if container else target
        raise Failed(f"there are no logs of {what}\n  there are logs of: {', '.join(pods) or 'nothing'}")
    return chosen


def show(chosen: Chosen, count: int) -> None:
    """Prints the last lines of each log."""
    # Imported here: it is what ties this module to the supervisor's own.
    from souk_mesh.workloads.processes import tail  # noqa: PLC0415

    files = chosen.files()
    for file in files:
        for line in tail(file, count):
            print(f"{_prefix(file, files)}{line}")


def follow(chosen: Chosen, count: int) -> None:
    """Prints the last lines of each log and then what is added, until interrupted; new pods are taken along."""
    ends = {file: file.stat().st_size for file in chosen.files()}
    show(chosen, count)
    while True:
        files = chosen.files()
        for file in files:
            for line in _added(file, ends):
                print(f"{_prefix(file, files)}{line}", flush=True)
        time.sleep(LOOK_EVERY)


def _added(file: Path, ends: dict[Path, int]) -> Iterator[str]:
    before = ends.get(file, 0)
    size = file.stat().st_size
    if size < before:
        # It has grown past its bound and was begun anew.
        before = 0
    with file.open("rb") as source:
        source.seek(before)
        text = source.read(size - before)
    whole = text.rfind(b"\n") + 1
    ends[file] = before + whole
    yield from text[:whole].decode(errors="replace").splitlines()


def _prefix(file: Path, files: Sequence[Path]) -> str:
    return "" if len(files) == 1 else f"{os.path.join(file.parent.name, file.stem)}: "


def _names(pod: Path) -> frozenset[str]:
    """What a pod's logs can be asked for by: its own name, those of its workload and its Service."""
    names = {pod.name, *possible_owners(pod.name)}
    names |= {_without_version(name) for name in names}
    return frozenset(names | {f"{pod.parent.name}/{name}" for name in names})


def _without_version(workload: str) -> str:
    """The Service of a versioned workload: `payment` of `payment-v2`."""
    name, dash, version = workload.rpartition("-")
    return name if dash and version[:1] == "v" and version[1:].isdigit() else workload


def _only(pod: Path, container: str) -> bool:
    return [file.stem for file in pod.glob("*.log")] == [container]
