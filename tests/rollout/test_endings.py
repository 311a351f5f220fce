"""What happens when one pod ends, in which order: as `docs/rollout.md` has it, with the waits that the YAML has."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from tests.homes.local import LocalMesh
from tests.mesh import Mesh
from tests.rollout.changes import ended

LINE = re.compile(r"(?P<at>[\d-]+ [\d:,]+) INFO \S+: (?P<pod>[\w-]+)(?:/(?P<container>[\w-]+))?: (?P<what>.*)")


@dataclass(frozen=True)
class Step:
    """One line of the supervisor's log about a pod."""

    at: datetime
    container: str
    what: str


def steps(mesh: Mesh, pod: str) -> Sequence[Step]:
    """What the supervisor did to end a pod."""
    lines = [LINE.fullmatch(line) for line in (mesh.home / "supervisor.log").read_text().splitlines()]
    return [
        Step(datetime.strptime(found["at"], "%Y-%m-%d %H:%M:%S,%f"), found["container"] or "", found["what"])
        for found in lines
        if found and found["pod"] == pod
    ]


def seconds_to_wait(mesh: Mesh, deployment: str, container: str) -> int:
    """As the Deployment has it."""
    found = json.loads(mesh.souk("get", "deployment", deployment, "-o", "json"))
    containers = {each["name"]: each for each in found["spec"]["template"]["spec"]["containers"]}
    return int(containers[container]["lifecycle"]["preStop"]["sleep"]["seconds"])


@pytest.mark.parametrize(("deployment", "containers"), [("catalog", ["app"]), ("gateway", ["proxy", "reflection"])])
def test_a_pod_is_withdrawn_waits_is_told_to_end_drains_and_its_proxy_ends_last(
    mesh: Mesh, deployment: str, containers: Sequence[str]
) -> None:
    done = steps(mesh, ended(LocalMesh(mesh), deployment))

    assert done[0].what.startswith("withdrawn"), done
    assert [step.what for step in done[-2:]] == ["SIGTERM", "ended with 0"], done
    assert {step.container for step in done[-2:]} == {"istio-proxy"}, done
    for container in containers:
        wait = seconds_to_wait(mesh, deployment, container)
        own = [step for step in done if step.container == container]
        assert [step.what for step in own] == [f"waits {wait} s, as its preStop says", "SIGTERM", "ended with 0"]
        assert own[1].at - own[0].at >= timedelta(seconds=wait - 0.1)


def test_a_service_drains_between_sigterm_and_its_end(mesh: Mesh) -> None:
    doomed = ended(LocalMesh(mesh), "inventory")

    log = next(mesh.home.glob(f"logs/*/{doomed}/app.log"))
    said = [json.loads(line) for line in log.read_text().splitlines() if line]
    assert [each["event"] for each in said if each["event"] in ("draining", "stopped")] == ["draining", "stopped"]
