"""The commands and their options. What each does is in a module of its own, imported when it is called."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="souk",
    help="Runs the platform's Kubernetes and Istio YAML on this machine, with a real Envoy beside every pod.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Home = Annotated[
    Path | None, typer.Option("--home", help="Where the mesh keeps its state.", envvar="SOUK_HOME", show_default=False)
]
Overlay = Annotated[Path, typer.Option("-k", "--kustomize", help="A directory with a kustomization.yaml.")]
Timeout = Annotated[float, typer.Option(help="Seconds to wait until every pod is ready.")]


class Format(StrEnum):
    """How objects are shown."""

    TABLE = "table"
    YAML = "yaml"
    JSON = "json"


@app.command()
def up(
    overlay: Overlay,
    home: Home = None,
    port: Annotated[int | None, typer.Option(help="Bind the first LoadBalancer port here on 127.0.0.1.")] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until every pod is ready.")] = True,
    timeout: Timeout = 60.0,
) -> None:
    """Start the mesh, or make the one that runs be what the overlay says."""
    from souk_mesh.cli import context, daemon  # noqa: PLC0415

    # Kustomize, the supervisor and this command take some time to start: all three at once.
    building = context.building(overlay)
    try:
        folder = context.state(home)
        starting = daemon.start(folder)
        from souk_mesh.cli import up as command  # noqa: PLC0415

        command.up(building, folder, starting, port, timeout if wait else None)
    finally:
        building.give_up()


@app.command()
def apply(
    overlay: Overlay,
    home: Home = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until every pod is ready.")] = True,
    timeout: Timeout = 60.0,
) -> None:
    """Add an overlay's objects to the running mesh, or change those that it has; nothing is removed."""
    from souk_mesh.cli import context  # noqa: PLC0415

    folder = context.state(home)
    context.check_running(folder)
    building = context.building(overlay)
    try:
        from souk_mesh.cli import up as command  # noqa: PLC0415

        command.apply(building, folder, timeout if wait else None)
    finally:
        building.give_up()


@app.command()
def check(overlay: Overlay) -> None:
    """Say what an overlay gets wrong, and what of it is not enforced here; nothing is run or changed."""
    from souk_mesh.cli import context  # noqa: PLC0415

    building = context.building(overlay)
    try:
        from souk_mesh.cli import check as command  # noqa: PLC0415

        command.check(building)
    finally:
        building.give_up()


@app.command()
def down(
    home: Home = None,
    purge: Annotated[bool, typer.Option("--purge", help="Also remove all data.")] = False,
) -> None:
    """End every pod gracefully, and the supervisor; nothing is left running."""
    from souk_mesh.cli import down as command  # noqa: PLC0415

    command.down(home, command.Data.REMOVED if purge else command.Data.KEPT)


@app.command()
def status(home: Home = None) -> None:
    """Show what runs, what was rewritten for this machine, and what is not enforced here."""
    from souk_mesh.cli import status as command  # noqa: PLC0415

    command.status(home)


@app.command()
def get(
    kind: str,
    name: Annotated[str | None, typer.Argument(show_default=False)] = None,
    home: Home = None,
    namespace: Annotated[str | None, typer.Option("-n", "--namespace")] = None,
    output: Annotated[Format, typer.Option("-o", "--output")] = Format.TABLE,
) -> None:
    """Show objects as the mesh holds them."""
    from souk_mesh.cli import get as command  # noqa: PLC0415

    command.get(kind, name, namespace, output, home)


@app.command()
def logs(
    target: Annotated[str, typer.Argument(metavar="SERVICE|POD")],
    home: Home = None,
    container: Annotated[str | None, typer.Option("-c", "--container", help="Default: all but the proxy.")] = None,
    follow: Annotated[bool, typer.Option("-f", "--follow")] = False,
    tail: Annotated[int, typer.Option(help="How many of the last lines of each container to show.")] = 200,
) -> None:
    """Show what the containers of a Service, a workload or a pod have printed."""
    from souk_mesh.cli import logs as command  # noqa: PLC0415

    chosen = command.find(home, target, container)
    if follow:
        command.follow(chosen, tail)
    else:
        command.show(chosen, tail)


@app.command(context_settings={"ignore_unknown_options": True})
def split(
    service: str,
    weights: Annotated[list[str], typer.Argument(metavar="SUBSET=WEIGHT...")],
    home: Home = None,
) -> None:
    """Split requests to a Service over its subsets, live: souk split payment v1=90 v2=10."""
    from souk_mesh.cli import edits as command  # noqa: PLC0415

    command.split(service, weights, home)


@app.command(context_settings={"ignore_unknown_options": True, "help_option_names": []}, add_help_option=False)
def canary(
    arguments: Annotated[list[str] | None, typer.Argument(metavar="COMMAND...", show_default=False)] = None,
) -> None:
    """Try a version on a share of the requests, and learn whether it is worse: souk canary run payment."""
    from souk_mesh.cli import handover as command  # noqa: PLC0415

    command.canary(arguments or [])


@app.command()
def restart(workload: str, home: Home = None) -> None:
    """Replace the pods of a Deployment or StatefulSet, one after the other."""
    from souk_mesh.cli import edits as command  # noqa: PLC0415

    command.restart(workload, home)


@app.command()
def scale(
    workload: str,
    replicas: Annotated[int, typer.Option(help="How many pods it should have.")],
    home: Home = None,
) -> None:
    """Change the number of a workload's pods."""
    from souk_mesh.cli import edits as command  # noqa: PLC0415

    command.scale(workload, replicas, home)


@app.command()
def rotate(home: Home = None) -> None:
    """Give every pod a new certificate now; they are renewed by themselves after half of their life."""
    from souk_mesh.cli import edits as command  # noqa: PLC0415

    command.rotate(home)


delete = typer.Typer(help="End a pod; its workload makes another.", no_args_is_help=True)
app.add_typer(delete, name="delete")


@delete.callback()
def _delete() -> None:
    """Delete a pod."""


@delete.command("pod")
def delete_pod(name: str, home: Home = None) -> None:
    """End a pod; its workload makes another."""
    from souk_mesh.cli import edits as command  # noqa: PLC0415

    command.delete_pod(name, home)
