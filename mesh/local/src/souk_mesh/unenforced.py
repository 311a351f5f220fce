"""What of the objects has no effect on this machine, though a cluster would honour it."""

from __future__ import annotations

from collections.abc import Sequence

from souk_mesh.control.messages import UnenforcedReport
from souk_mesh.objects import AnyObject
from souk_mesh.objects.injection import ignored

ALWAYS_UNENFORCED = (
    UnenforcedReport(
        subject="every pod",
        reason="any process of this machine can reach an application's private address, past its sidecar",
    ),
    UnenforcedReport(
        subject="every pod",
        reason="a call to a host that is neither a Service's nor a ServiceEntry's passes no sidecar: "
        "REGISTRY_ONLY does not stop it",
    ),
    UnenforcedReport(
        subject="every pod",
        reason="its address is one of 127.0.0.0/8: the blocks of a cluster in an AuthorizationPolicy do not have it",
    ),
)


def unenforced_reports(objects: Sequence[AnyObject]) -> tuple[UnenforcedReport, ...]:
    """What a cluster would enforce and this machine does not."""
    listed = [
        UnenforcedReport(subject=f"{each.key}{f': {item.path}' if item.path else ''}", reason=item.reason)
        for each in objects
        for item in (*each.unenforced(), *ignored(each))
    ]
    return (*ALWAYS_UNENFORCED, *listed)
