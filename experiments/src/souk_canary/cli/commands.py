"""The commands and their options. What each does is in a module of its own, imported when it is called."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from souk_canary.cli.failures import Failed
from souk_canary.cli.tree import tree
from souk_canary.places import Code, Dialect, Metrics, Place


class GitOps(StrEnum):
    """Who applies manifests to a cluster."""

    ARGO_CD = "argo-cd"
    FLUX = "flux"


app = typer.Typer(
    name="souk canary",
    help="Tries a version on a share of the requests, and says whether it is worse than the one that serves.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Home = Annotated[
    Path | None,
    typer.Option("--home", help="The state folder of a local mesh.", envvar="SOUK_HOME", show_default=False),
]
Context = Annotated[
    str | None,
    typer.Option("--context", help="A cluster, by kubectl's context; empty for the current one.", show_default=False),
]
Reports = Annotated[
    Path | None,
    typer.Option("--reports", help="Where runs are recorded, instead of .souk/canary.", show_default=False),
]
Namespace = Annotated[str, typer.Option("-n", "--namespace")]


@app.command()
def run(
    definition: Annotated[str, typer.Argument(help="A file, or the name of one in experiments/definitions.")],
    *,
    baseline: Annotated[
        str | None, typer.Option(help="A commit that serves as the baseline, on the local mesh.", show_default=False)
    ] = None,
    candidate: Annotated[
        str | None, typer.Option(help="A commit that is tried against it; . is the working tree.", show_default=False)
    ] = None,
    home: Home = None,
    context: Context = None,
    prometheus: Annotated[
        str | None, typer.Option(help="Where Prometheus is; needed for a cluster.", show_default=False)
    ] = None,
    metrics: Annotated[Dialect, typer.Option(help="Whose metrics Prometheus has.")] = Dialect.ISTIO,
    reports: Reports = None,
) -> None:
    """Run an experiment.

    Exit codes: 0 PROMOTE, 3 ROLL BACK, 4 INCONCLUSIVE, 5 INVALID, 6 ABORTED; 1 it could not begin, or not end well.
    """
    from souk_canary.cli import run as command  # noqa: PLC0415

    if (baseline is None) is not (candidate is None):
        raise Failed("--baseline and --candidate go together\n  as in --baseline main --candidate .")
    code = Code(baseline, candidate) if baseline and candidate else None
    counted = Metrics(prometheus, metrics) if prometheus else None
    raise typer.Exit(command.run(definition, _place(home, context), counted, code, _reports(reports)))


@app.command()
def status(home: Home = None, context: Context = None, namespace: Namespace = "souk") -> None:
    """Show the experiments that hold a service, and whether their runs are alive."""
    from souk_canary.cli import holding as command  # noqa: PLC0415

    command.status(_place(home, context), namespace)


@app.command()
def abort(service: str, home: Home = None, context: Context = None, namespace: Namespace = "souk") -> None:
    """End the experiment with a service, whether its run is alive or dead: the weights from before it come back."""
    from souk_canary.cli import holding as command  # noqa: PLC0415

    command.abort(_place(home, context), namespace, service)


@app.command()
def gitops(
    tool: Annotated[GitOps, typer.Argument(help="Which tool applies the manifests.")],
    service: str,
    home: Home = None,
    context: Context = None,
    namespace: Namespace = "souk",
) -> None:
    """Print what a GitOps tool has to be told, lest it puts the weights back while an experiment runs."""
    from souk_canary.cli import holding as command  # noqa: PLC0415

    command.gitops(tool, _place(home, context), namespace, service)


@app.command()
def report(
    run: Annotated[
        str | None, typer.Argument(help="Which run; the last one if none is named.", show_default=False)
    ] = None,
    reports: Reports = None,
) -> None:
    """Write a run's report anew from its record, and say what came of it."""
    from souk_canary.cli import past as command  # noqa: PLC0415

    command.report(run, _reports(reports))


@app.command("list")
def list_runs(reports: Reports = None) -> None:
    """Show the runs that were recorded here."""
    from souk_canary.cli import past as command  # noqa: PLC0415

    command.show(_reports(reports))


def _place(home: Path | None, context: str | None) -> Place:
    # SOUK_HOME may be set for other commands: whoever names a cluster means it.
    if context is not None:
        return Place(context=context)
    return Place(mesh=(home or tree() / ".souk" / "mesh").resolve())


def _reports(given: Path | None) -> Path:
    return given or tree() / ".souk" / "canary"
