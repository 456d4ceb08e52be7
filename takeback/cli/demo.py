"""demo: the playground in one command."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from takeback import logs
from takeback.cli.terms import failing_clearly


def demo(
    folder: Annotated[Path, typer.Option("--folder", help="Where the demo keeps its files.")] = Path("takeback-demo"),
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Where it takes submissions.")] = 1587,
    pages: Annotated[int, typer.Option("--pages", min=0, max=65535, help="Where it serves its pages.")] = 8025,
) -> None:
    """A playground: submit to it, watch what is held, undo. Nothing leaves this machine."""
    import uvloop

    from takeback.cli import playground  # takes longer to import than most commands to run

    with failing_clearly():
        logs.configure(level=logging.ERROR)
        uvloop.run(playground.run(playground.prepare(folder, port, pages)))
