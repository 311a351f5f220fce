"""The `souk` command."""

import gc


def main() -> None:
    """Runs the command; what goes wrong is said in a message, never in a traceback."""
    # A command ends before there is anything worth collecting.
    gc.disable()
    # Imported here, so that whoever imports the package for something else does not pay for the command line.
    from souk_mesh.cli.commands import app  # noqa: PLC0415
    from souk_mesh.cli.failures import reported  # noqa: PLC0415

    with reported():
        app()
