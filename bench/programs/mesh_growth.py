"""Measures the control plane with so many services, and prints what it found as JSON.

Runs in the environment of the local mesh. It is the control plane: store, publisher and discovery server are those of
the supervisor, in this process; the proxies are those of ads_proxies.py, in another.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from souk_mesh.identity import CertificateAuthority, Identities
from souk_mesh.store import Store
from souk_mesh.topology import Pod, ServiceKey
from souk_mesh.xds import AdsServer, Configuration, Publisher

from bench.programs.mesh_objects import HUB, keys, objects, pods, split

# Long enough for proxies to come to rest, so that each change is one by itself.
_PAUSE_SECONDS = 0.05
_PATIENCE = 300.0


@dataclass(frozen=True)
class ControlPlane:
    """What the supervisor consists of, as far as proxies see it."""

    store: Store
    ads: AdsServer
    publisher: Publisher
    pods: tuple[Pod, ...]

    async def first_push(self) -> float:
        """Tells every proxy everything; ms until all have taken it."""
        began = time.perf_counter()
        self.publisher.publish()
        statuses = await self.ads.acknowledged(_PATIENCE, [pod.node for pod in self.pods])
        assert all(each.current for each in statuses.values()), [each for each in statuses.values() if not each.current]
        return (time.perf_counter() - began) * 1000

    async def change(self, key: ServiceKey, first: int) -> tuple[int, float]:
        """Changes one weight; how many proxies are affected, and ms until all of them have taken it."""
        rule = split(key, first)
        before = {node: each.published for node, each in self.ads.status().items()}
        began = time.perf_counter()
        self.store.update(rule.key, lambda old: rule.model_copy(update={"metadata": old.metadata}))
        statuses = await self.publisher.settled(_PATIENCE)
        took = (time.perf_counter() - began) * 1000
        assert all(each.current for each in statuses.values())
        return sum(each.published != before[node] for node, each in statuses.items()), took


@asynccontextmanager
async def control_plane(services: int, socket: Path) -> AsyncIterator[ControlPlane]:
    """One that knows everything and has told nobody yet."""
    store, named = Store(), keys(services)
    for each in objects(named):
        store.create(each)
    everyone = pods(named)
    ads = AdsServer(socket)
    identities = Identities(CertificateAuthority.create())
    publisher = Publisher(
        ads,
        identities,
        configuration=lambda: Configuration.of(store.snapshot().objects.values()),
        pods=lambda: everyone,
    )
    for pod in everyone:
        # To make keys is not what is measured.
        identities.certificate(pod.identity)
    await ads.start()
    try:
        yield ControlPlane(store, ads, publisher, everyone)
    finally:
        await ads.stop()


async def main() -> None:
    """Arguments: how many services, how many changes, the core of the proxies."""
    services, changes, core = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    with tempfile.TemporaryDirectory() as folder:
        socket = Path(folder) / "xds.sock"
        async with control_plane(services, socket) as plane:
            command = ["taskset", "-c", core, sys.executable, "-m", "bench.programs.ads_proxies"]
            proxies = await asyncio.create_subprocess_exec(
                *command, str(socket), str(services), stdout=asyncio.subprocess.PIPE
            )
            try:
                assert proxies.stdout is not None
                await proxies.stdout.readline()
                found = await measured(plane, keys(services)[-1], changes)
            finally:
                proxies.terminate()
                await proxies.wait()
                # A stream that is cut by the end of the server, not of the proxy, says so on standard error.
                while any(each.connected for each in plane.ads.status().values()):
                    await asyncio.sleep(0.01)
    print(json.dumps(found))


async def measured(plane: ControlPlane, key: ServiceKey, changes: int) -> dict[str, object]:
    """Everything, one after the other."""
    first = await plane.first_push()
    area: list[tuple[int, float]] = []
    hub: list[tuple[int, float]] = []
    for number in range(changes):
        for target, took in ((key, area), (HUB, hub)):
            await asyncio.sleep(_PAUSE_SECONDS)
            took.append(await plane.change(target, 40 + number % 2 * 20))
    return {"first_push_ms": first, "area": area, "hub": hub, "memory_mb": _pss_mb()}


def _pss_mb() -> float:
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError("this kernel has no Pss in smaps_rollup")


if __name__ == "__main__":
    asyncio.run(main())
