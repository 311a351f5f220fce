"""What `python -m souk_<name>` does, the same way for every stall."""

import gc
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Protocol, TypeVar, cast

from souk_chassis.settings import ProgramSettings, ServiceSettings
from souk_chassis.telemetry import telemetry

Ours = TypeVar("Ours", bound=ServiceSettings)


class Serving(Protocol[Ours]):
    """What a stall's module `serving` has."""

    Settings: type[Ours]
    """What it reads from its environment."""
    serve: Callable[[Ours], None]
    """Puts its parts together and serves until SIGTERM."""


def run(package: str) -> None:
    """Serves, by `<package>.serving`; or, with the argument `migrate`, brings the database to this version's schema.

    Settings come from the environment; `migrate` needs no more of them than `ProgramSettings`. It doesn't load the
    stall's code either: that would take longer than to see that there is nothing to migrate.
    """
    name = package.removeprefix("souk_")
    match sys.argv[1:]:
        case []:
            stall = _loaded(package)
            ours = stall.Settings(service_name=name)
            with telemetry(ours):
                stall.serve(ours)
        case ["migrate"]:
            from souk_chassis.migration import migrate  # noqa: PLC0415 - who serves need not load it

            program = ProgramSettings(service_name=name)
            with telemetry(program):
                migrate(program.database_url, package, program.database_wait_seconds)
        case _:
            sys.exit(f"usage: python -m {package} [migrate]")


def _loaded(package: str) -> Serving[ServiceSettings]:
    # Imports make a hundred thousand objects that stay: to look through them for garbage takes a tenth of the time.
    gc.disable()
    stall = import_module(f"{package}.serving")
    gc.enable()
    return cast(Serving[ServiceSettings], stall)
