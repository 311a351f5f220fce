"""The daemon: holds the mesh of one state folder, takes orders, and leaves nothing behind when it ends."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import shutil
import signal
import sys
from pathlib import Path

from souk_mesh.addresses import AddressError, claim
from souk_mesh.control.server import serve
from souk_mesh.identity import IdentityError
from souk_mesh.images import TABLE, Images, load_images
from souk_mesh.installation import IncompleteInstallation, Installation
from souk_mesh.state import StateDir, StateError
from souk_mesh.supervisor.mesh import Mesh, Programs
from souk_mesh.supervisor.observation import Observation
from souk_mesh.supervisor.orders import MeshOrders
from souk_mesh.workloads.ledger import Ledger
from souk_mesh.workloads.processes import bound
from souk_mesh.workloads.proxy import ProxyPrograms
from souk_mesh.xds import AdsError, bootstrap

log = logging.getLogger("souk_mesh")

# A day of a busy demo fits; what is older than twice this is gone.
LARGEST_LOG = 16 * 1024 * 1024
LOOK_AT_LOGS = 10.0


def main() -> None:
    """Runs the supervisor of one state folder until it is told to end."""
    parser = argparse.ArgumentParser(prog="souk-supervisor", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="the folder where this mesh keeps its state")
    home = parser.parse_args().home
    # fork handlers of gRPC are of no use to us: children are made by vfork and run other programs at once.
    os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"
    # What is imported stays: a full collection need not look through it, which takes 20 ms in the midst of a change.
    gc.freeze()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        asyncio.run(supervise(StateDir(home.resolve()), Installation.find()))
    except (
        AddressError,
        AdsError,
        IdentityError,
        IncompleteInstallation,
        StateError,
        bootstrap.BootstrapError,
    ) as error:
        sys.exit(f"error: {error}")


async def supervise(state: StateDir, installation: Installation) -> None:
    """Holds the mesh until an order or a signal ends it.

    Raises:
        StateError: another supervisor holds the folder.
    """
    state.prepare()
    if state.take_lock() is None:
        raise StateError(f"{state.root}: another supervisor runs there (pid {state.supervisor()})")
    for entry in Ledger(state.children).end_leftovers():
        log.warning("ended %s (pid %d), left behind by a supervisor that was killed", entry.label, entry.pid)
    shutil.rmtree(state.pods, ignore_errors=True)
    shutil.rmtree(state.logs, ignore_errors=True)
    images = load_images(installation.root, installation.python, installation.images_table or TABLE)
    proxy = ProxyPrograms(bootstrap.envoy_binary(installation.environment), state.xds_socket, state.observer_socket)
    with claim(state.root) as addresses:
        mesh = Mesh(state, addresses, Programs(images, proxy))
        await _hold(mesh, images, state)
    state.discard_runtime()
    log.info("nothing is left")


async def _hold(mesh: Mesh, images: Images, state: StateDir) -> None:
    leaving = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, leaving.set)
    await mesh.start()
    server = await serve(
        MeshOrders(mesh, images, Observation(state.observer_socket, mesh), leaving.set), state.control_socket
    )
    log.info("ready for orders at %s", state.control_socket)
    duties = [asyncio.create_task(each) for each in (leaving.wait(), mesh.failed(), _bound_logs(state.logs))]
    await asyncio.wait(duties, return_when=asyncio.FIRST_COMPLETED)
    for duty in duties:
        if duty.done() and (error := duty.exception()) is not None:
            log.error("a part of the mesh failed, so all of it ends", exc_info=error)
        duty.cancel()
    log.info("ending")
    await mesh.stop()
    await server.stop(grace=1)


async def _bound_logs(folder: Path) -> None:
    while True:
        await asyncio.sleep(LOOK_AT_LOGS)
        bound(list(folder.glob("*/*/*.log")), LARGEST_LOG)


if __name__ == "__main__":
    main()
