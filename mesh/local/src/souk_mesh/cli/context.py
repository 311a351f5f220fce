"""What most commands begin with: the installation, the state folder, a supervisor that answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from souk_mesh.cli.failures import Failed
from souk_mesh.installation import IncompleteInstallation, Installation
from souk_mesh.overlays import kustomize
from souk_mesh.overlays.kustomize import Building
from souk_mesh.state import StateDir

if TYPE_CHECKING:
    from souk_mesh.control.client import ControlClient
    from souk_mesh.control.methods import Method, Reply, Request


def installation() -> Installation:
    """Finds the working tree.

    Raises:
        Failed: it is incomplete.
    """
    try:
        return Installation.find()
    except IncompleteInstallation as error:
        raise Failed(str(error)) from error


def building(overlay: Path) -> Building:
    """Begins to build an overlay.

    Raises:
        Failed: there is none, or no kustomize.
    """
    try:
        return kustomize.start(overlay, installation().kustomize)
    except kustomize.Unbuildable as failure:
        raise Failed(str(failure)) from failure


def state(home: Path | None) -> StateDir:
    """The state folder that a command is about."""
    return StateDir(home.resolve() if home is not None else installation().home)


def check_running(folder: StateDir) -> None:
    """Makes sure that a supervisor holds a state folder.

    Raises:
        Failed: none runs there.
    """
    if folder.supervisor() is None:
        raise Failed(f"no mesh runs in {folder.root}\n  {_remedy(folder)}")


def running(folder: StateDir) -> ControlClient:
    """Opens the way to the supervisor of a state folder.

    Raises:
        Failed: none runs there.
    """
    check_running(folder)
    # gRPC and the messages take 0.2 s to import: not for commands that end before they need them.
    from souk_mesh.control.client import ControlClient  # noqa: PLC0415

    return ControlClient(folder.control_socket)


def ask(client: ControlClient, method: Method[Request, Reply], request: Request) -> Reply:
    """Gives an order.

    Raises:
        Failed: it was refused.
    """
    from souk_mesh.control.client import ControlError  # noqa: PLC0415

    try:
        return client.ask(method, request)
    except ControlError as error:
        raise Failed(str(error)) from error


def _remedy(folder: StateDir) -> str:
    # A supervisor strikes out its children one by one: what is still noted was left by one that was killed.
    left = len(list(folder.children.iterdir())) if folder.children.exists() else 0
    if left:
        return f"its supervisor was killed and left {left} processes behind: `souk up` or `souk down` ends them"
    return "start it with `souk up -k deploy/kustomize/overlays/local`"
