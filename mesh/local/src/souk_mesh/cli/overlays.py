"""Reads the overlay that a command names."""

from __future__ import annotations

from collections.abc import Iterable

from souk_mesh.check import check
from souk_mesh.cli.context import installation
from souk_mesh.cli.failures import Failed
from souk_mesh.images import TABLE, load_images
from souk_mesh.objects import AnyObject
from souk_mesh.overlays.kustomize import Building
from souk_mesh.overlays.loading import Overlay, load
from souk_mesh.problems import Problem, Rejected, errors


def fitting(building: Building, beside: Iterable[AnyObject] = ()) -> Overlay:
    """Reads an overlay that fits together with what is there beside it; prints warnings.

    Raises:
        Failed: it has mistakes.
    """
    overlay, problems = judged(building, beside)
    if mistakes := errors(problems):
        raise Failed("\n".join(map(str, mistakes)))
    for warning in problems:
        print(warning)
    return overlay


def judged(building: Building, beside: Iterable[AnyObject] = ()) -> tuple[Overlay, tuple[Problem, ...]]:
    """Reads an overlay, and lists everything that is wrong with it; what is refused is not there for others to fit.

    Raises:
        Failed: there is nothing to read.
    """
    tools = installation()
    images = load_images(tools.root, tools.python, tools.images_table or TABLE)
    try:
        overlay = load(building, tools.root)
    except Rejected as rejected:
        raise Failed(str(rejected)) from rejected
    if overlay.refused:
        return overlay, overlay.refused
    future = {each.key: each for each in (*beside, *overlay.objects)}
    return overlay, overlay.locate(check(future.values(), images))
