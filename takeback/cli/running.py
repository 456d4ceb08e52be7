"""serve: the gateway itself."""

from __future__ import annotations

import logging
from typing import Annotated

import typer

from takeback import config, logs
from takeback.cli.terms import ConfigOption, failing_clearly


def serve(
    config_file: ConfigOption = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Log more.")] = False,
) -> None:
    """Run until SIGTERM. Says "ready" on standard error when every listener accepts."""
    import uvloop

    from takeback import app  # takes longer to import than most commands to run

    with failing_clearly():
        logs.configure(level=logging.DEBUG if verbose else logging.INFO)
        uvloop.run(app.serve(config.find(config_file)))
