"""The experiments that hold a service now: shown, or ended."""

from __future__ import annotations

from datetime import UTC, datetime

from souk_mesh.cli.tables import print_table

from souk_canary import lease, routing
from souk_canary.cli.failures import Failed
from souk_canary.cli.tables import weights
from souk_canary.homes import Document
from souk_canary.homes.gitops import argo_cd, flux
from souk_canary.lease import Lease
from souk_canary.places import Place
from souk_canary.recovery import gone, recover


def status(place: Place, namespace: str) -> None:
    """Shows who holds which service."""
    rules = place.home().list("VirtualService", namespace)
    held = [(rule, note) for rule in rules if (note := lease.read(rule)) is not None]
    if not held:
        print(f"no experiment runs in {namespace} of the {place}")
        return
    columns = ("SERVICE", "RUN", "WEIGHTS", "BEFORE", "LEASE", "STATE")
    print_table(columns, [_row(rule, note) for rule, note in held])
    for _, note in held:
        if gone(note):
            print(f"\n{note.holder} is dead: `souk canary abort {note.service}` or the next run puts its weights back")


def abort(place: Place, namespace: str, service: str) -> None:
    """Puts back the weights from before an experiment; its run, if it is alive, sees that and ends."""
    home = place.home()
    rule = routing.find(service, namespace, home.list("VirtualService", namespace))
    note = lease.read(rule)
    if note is None:
        place.clear(namespace)
        raise Failed(f"no experiment holds {service}\n  `souk canary status` shows what does run")
    key = routing.key(rule)
    dead = gone(note)
    recover(home, key, note.holder)
    if dead:
        place.clear(namespace)  # one that is alive does that itself
    print(f"{note.holder} is ended; {key}: {weights(routing.weights(service, home.read(key)))}")


def gitops(tool: str, place: Place, namespace: str, service: str) -> None:
    """Prints what a GitOps tool has to be told about the object that splits a service."""
    rule = routing.find(service, namespace, place.home().list("VirtualService", namespace))
    print({"argo-cd": argo_cd, "flux": flux}[tool](rule), end="")


def _row(rule: Document, note: Lease) -> tuple[str, ...]:
    left = note.left(datetime.now(UTC))
    state = "dead" if gone(note) else f"runs as process {note.pid} on {note.host}"
    until = f"{left:.0f} s left" if left > 0 else f"over since {-left:.0f} s"
    return (note.service, note.holder, weights(routing.weights(note.service, rule)), weights(note.before), until, state)
