"""`souk check`: what is wrong with an overlay, without a mesh."""

from __future__ import annotations

from souk_mesh.cli.overlays import fitting
from souk_mesh.cli.tables import print_unenforced
from souk_mesh.overlays.kustomize import Building
from souk_mesh.unenforced import unenforced_reports


def check(building: Building) -> None:
    """Reads and checks an overlay, and lists what of it has no effect here.

    Raises:
        Failed: it has mistakes.
    """
    overlay = fitting(building)
    print(f"{overlay.name}: {len(overlay.objects)} objects, all of them understood")
    print_unenforced(unenforced_reports(overlay.objects))
