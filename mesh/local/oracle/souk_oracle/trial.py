"""One case from beginning to end: its scene, what both sides make of it, and how they differ."""

from __future__ import annotations

from functools import cache

from souk_mesh.xds import Translation
from souk_oracle import answers
from souk_oracle.case import NO_WORLD, Case, Header, read_world
from souk_oracle.comparison import Verdict, differences, judge
from souk_oracle.ours import ours, translated
from souk_oracle.projection import project
from souk_oracle.projection.places import Places
from souk_oracle.projection.sections import Json, Projection
from souk_oracle.scene import Scene, scene
from souk_oracle.told import Told


def world_case(header: Header) -> Case | None:
    """The world of a case as a case of its own; None when it has none."""
    if header.world == NO_WORLD:
        return None
    bare = Header(case=f"The world {header.world}.", world=header.world, proxy=header.proxy)
    return Case(answers.world_answer(header), bare, read_world(header.world))


def projected(told: Told, given: Scene) -> Projection:
    """What a proxy does that is told this, with the names of the scene."""
    places = Places(
        pods={pod.addresses.pod: pod.name for pod in given.pods},
        services={address: key.host for key, address in given.services.items()},
    )
    return project(told, places, given.looker.proxy)


def judged(case: Case) -> Verdict:
    """Compares what the local mesh does with what istiod said.

    Raises:
        CaseError: when istiod has not been asked, or the local mesh does not accept the case.
    """
    given = scene(case)
    told = ours(given, _of_world(case.header.world, case.header.proxy))
    found = differences(_data(case, answered(case)), _data(case, projected(told, given)))
    return judge(list(found), case.header.differs)


def answered(case: Case) -> Projection:
    """What istiod said of a case.

    Raises:
        CaseError: when it has not been asked.
    """
    world = world_case(case.header)
    before = answers.read(world.name) if world and world.name != case.name else None
    return answers.read(case.name, before)


@cache
def _of_world(world: str, proxy: str) -> Translation | None:
    """Made once, so that each case costs only what it changes."""
    case = world_case(Header(case="The world.", world=world, proxy=proxy))
    return translated(scene(case)) if case else None


def _data(case: Case, projection: Projection) -> Json:
    return {section: dict(projection[section]) for section in case.header.compare}
