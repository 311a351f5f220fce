"""A run of two versions of the code that is killed: nothing of it is left on a real mesh."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from souk_mesh.control import methods
from souk_mesh.control.client import ControlClient
from souk_mesh.control.messages import ForgetImageRequest, Nothing

from souk_canary.homes.local import LocalMesh
from tests.shop import Shop
from tests.tool import LASTING, Canary, command, processes, until
from tests.versions.past import objects_of

CODE = ("--baseline", "HEAD", "--candidate", ".")


@pytest.fixture
def canary(shop: Shop, repository: Path, tmp_path: Path) -> Canary:
    return Canary(shop, tmp_path, repository)


@contextmanager
def nothing_is_left(canary: Canary) -> Iterator[None]:
    """After what is done in between: objects, pods, processes and images are as before."""
    home = LocalMesh(canary.shop.state)
    before = objects_of(home)
    yield
    until(lambda: changed(before, objects_of(home)), lambda left: not left)
    until(lambda: canary.guardians, lambda left: not left)
    until(lambda: versions(canary), lambda left: not left)
    until(lambda: [command(pid) for pid in processes(str(canary.repository / ".souk/versions"))], lambda left: not left)
    assert not canary.is_held
    with ControlClient(canary.shop.state.control_socket) as client:
        said = client.ask(methods.FORGET_IMAGE, ForgetImageRequest(image=past_image(canary))).text
    assert said == f"{past_image(canary)} is not another tree's"


def changed(before: Mapping[str, object], now: Mapping[str, object]) -> set[str]:
    """The objects that are not as before."""
    return {name for name in before.keys() | now.keys() if before.get(name) != now.get(name)}


def versions(canary: Canary) -> set[str]:
    """The workloads that have pods for an experiment."""
    with ControlClient(canary.shop.state.control_socket) as client:
        pods = client.ask(methods.STATUS, Nothing()).pods
    return {pod.workload for pod in pods} & {"payment-baseline", "payment-candidate"}


def past_image(canary: Canary) -> str:
    """What the mesh calls payment as it was."""
    (commit,) = (canary.repository / ".souk/versions").iterdir()
    return f"souk/payment:git-{commit.name[:12]}"


def test_a_run_that_is_killed_is_cleared_up_by_its_guardian(canary: Canary) -> None:
    with nothing_is_left(canary), canary.run(LASTING, *CODE) as tool:
        tool.says("every proxy routes so")
        assert canary.weights == {"baseline": 70, "candidate": 30}
        assert versions(canary) == {"payment-baseline", "payment-candidate"}
        tool.process.kill()


def test_a_run_that_is_killed_while_it_puts_its_versions_there_is_cleared_up_too(canary: Canary) -> None:
    with nothing_is_left(canary), canary.run(LASTING, *CODE) as tool:
        until(lambda: versions(canary), lambda there: "payment-baseline" in there)
        tool.process.kill()


def test_what_a_run_has_left_that_was_killed_with_its_guardian_goes_with_an_abort(canary: Canary) -> None:
    with nothing_is_left(canary):
        with canary.run(LASTING, *CODE) as tool:
            tool.says("every proxy routes so")
            for guardian in canary.guardians:
                os.kill(guardian, signal.SIGKILL)
            tool.process.kill()
        assert versions(canary) == {"payment-baseline", "payment-candidate"}
        canary.does("abort", "payment")
