"""`souk check`: what is wrong with an overlay, without a mesh; also with one that only a cluster can run."""

from __future__ import annotations

from souk_mesh.cli.failures import Failed
from souk_mesh.cli.overlays import judged
from souk_mesh.cli.tables import print_unenforced
from souk_mesh.overlays.kustomize import Building
from souk_mesh.problems import Severity, mistakes
from souk_mesh.unenforced import unenforced_reports


def check(building: Building) -> None:
    """Reads and checks an overlay, and lists what of it is refused and what has no effect here.

    Raises:
        Failed: it has mistakes.
    """
    overlay, problems = judged(building)
    understood = "" if overlay.refused else ", all of them understood"
    print(f"{overlay.name}: {len(overlay.objects)} objects{understood}")
    for problem in problems:
        if problem.severity is not Severity.ERROR:
            print(problem)
    print_unenforced(unenforced_reports(overlay.objects))
    if found := mistakes(problems):
        raise Failed("\n".join(map(str, found)))
