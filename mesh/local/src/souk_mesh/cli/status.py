"""`souk status`: what runs, what was rewritten, what is not enforced here."""

from __future__ import annotations

from pathlib import Path

from souk_mesh.cli.context import ask, running, state
from souk_mesh.cli.tables import megabytes, print_pods, print_table, print_unenforced
from souk_mesh.cli.waiting import describe
from souk_mesh.control import methods
from souk_mesh.control.messages import Nothing, StatusReply


def status(home: Path | None) -> None:
    """Prints the state of the mesh.

    Raises:
        Failed: none runs.
    """
    with running(state(home)) as client:
        reply = ask(client, methods.STATUS, Nothing())
        progress = ask(client, methods.PROGRESS, Nothing())
    memory = sum(pod.memory for pod in reply.pods) + reply.memory
    print(f"{reply.name}: {len(reply.pods)} pods, {megabytes(memory)} in all; supervisor pid {reply.pid}\n")
    print_pods(reply)
    if progress.waiting_for:
        print("\nNot as it should be")
        for line in progress.waiting_for:
            print(f"  {line}")
    for trouble in progress.troubles:
        print(describe(trouble))
    for pod in reply.pods:
        if pod.refusal:
            print(f"  {pod.name}: its proxy refused its configuration: {pod.refusal}")
    _print_services(reply)
    _print_rewrites(reply)
    print_unenforced(reply.unenforced)
    print("\nEnvoy's own pages: " + ", ".join(f"{pod.workload} {pod.admin}" for pod in reply.pods))


def _print_services(reply: StatusReply) -> None:
    print("\nServices")
    rows = [
        (each.name, ", ".join(map(str, each.ports)), f"{each.ready}/{each.pods}", " ".join(each.urls) or "–")
        for each in reply.services
    ]
    print_table(("SERVICE", "PORTS", "READY", "ON THIS MACHINE"), rows)


def _print_rewrites(reply: StatusReply) -> None:
    print("\nRewritten for this machine (in one pod of each workload; every pod has addresses of its own)")
    rows = [(each.workload, each.where, each.before, each.after) for each in reply.rewrites]
    print_table(("WORKLOAD", "WHERE", "IN THE YAML", "HERE"), rows)
