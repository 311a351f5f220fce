"""`python -m souk_gateway`: proxy and reflection are what runs in the pod; the others are for people and for `make`."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from pathlib import Path

from souk_gateway.descriptors import COMMITTED, Refused, load
from souk_gateway.settings import Misconfigured


def main() -> int:
    """Does what the first argument says; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m souk_gateway", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("proxy", help="run Envoy: REST and gRPC on PORT")
    commands.add_parser("reflection", help="run the reflection server on REFLECTION_PORT")
    refresh = commands.add_parser("refresh", help="bring the descriptor set to a proxy that runs; it does so by itself")
    refresh.add_argument("directory", type=Path)
    commands.add_parser("bootstrap", help="print Envoy's configuration")
    lint = commands.add_parser("lint", help="check the descriptor set for what the gateway can't serve well")
    lint.add_argument("descriptor_set", nargs="?", type=Path, default=COMMITTED, help="with source info, it says lines")
    lint.add_argument("--folder", default="", help="what comes before the names of the protos, such as protos/")
    openapi = commands.add_parser("openapi", help="print the OpenAPI document of a descriptor set with source info")
    openapi.add_argument("descriptor_set", type=Path)
    arguments = parser.parse_args()
    try:
        return run(arguments)
    except (Misconfigured, Refused) as error:
        for line in str(error).splitlines():
            print(f"error: {line}", file=sys.stderr)
        return 2


def run(arguments: argparse.Namespace) -> int:
    """Runs one command. What a command imports is imported for it alone: the proxy must be there quickly.

    Raises:
        Misconfigured: the environment lacks something.
        Refused: the descriptor set can't be served.
    """
    match arguments.command:
        case "proxy":
            from souk_gateway import proxy  # noqa: PLC0415

            proxy.run()
        case "reflection":
            from souk_gateway import reflection, settings  # noqa: PLC0415

            logging.basicConfig(level=logging.INFO, format=settings.LOG_LINE, stream=sys.stdout)
            reflection.serve(settings.read_descriptor_set(), settings.read_reflection())
        case "refresh":
            from souk_gateway import delivery  # noqa: PLC0415

            return delivery.refresh(arguments.directory)
        case "bootstrap":
            from souk_gateway import delivery  # noqa: PLC0415

            print(json.dumps(delivery.configured()[1], indent=1))
        case "lint":
            from souk_gateway import lint  # noqa: PLC0415

            return lint.report(arguments.descriptor_set, arguments.folder)
        case "openapi":
            from souk_gateway import openapi  # noqa: PLC0415

            print(openapi.render(load(arguments.descriptor_set)), end="")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
