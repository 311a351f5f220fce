"""The `souk canary` command."""


def main() -> None:
    """Runs the command; what goes wrong is said in a message, never in a traceback."""
    # Imported here, so that the guardian and the tests do not pay for the command line.
    from souk_canary.cli.commands import app  # noqa: PLC0415
    from souk_canary.cli.failures import reported  # noqa: PLC0415

    with reported():
        app()
