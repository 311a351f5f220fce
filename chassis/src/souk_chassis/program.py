"""What `python -m souk_<name>` does, the same way for every stall."""

import sys
from collections.abc import Callable
from typing import TypeVar

from souk_chassis.settings import ProgramSettings, ServiceSettings
from souk_chassis.telemetry import telemetry

Settings = TypeVar("Settings", bound=ServiceSettings)


def run(package: str, settings: type[Settings], serve: Callable[[Settings], None]) -> None:
    """Serves; or, with the argument `migrate`, brings the database to this version's schema and ends.

    Settings come from the environment; `migrate` needs no more of them than `ProgramSettings`.
    """
    name = package.removeprefix("souk_")
    match sys.argv[1:]:
        case []:
            ours = settings(service_name=name)
            with telemetry(ours):
                serve(ours)
        case ["migrate"]:
            # Who serves need not load it.
            from souk_chassis.migration import migrate  # noqa: PLC0415

            program = ProgramSettings(service_name=name)
            with telemetry(program):
                migrate(program.database_url, package)
        case _:
            sys.exit(f"usage: python -m {package} [migrate]")
