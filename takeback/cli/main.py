"""`takeback`: what people type."""

from __future__ import annotations

import logging
import os
import sys
from typing import Annotated

import typer

from takeback import __version__, logs
from takeback.cli import (
    accounts,
    audit,
    demo,
    drill,
    history,
    keys,
    messages,
    recall,
    review,
    rights,
    running,
    tongue,
    upkeep,
)
from takeback.cli.all_commands import LANG_OPTION, Commands
from takeback.i18n.language import languages

commands = typer.Typer(
    name="takeback",
    cls=Commands,
    help="Makes sent e-mail undoable: holds it, stops it, and tells what became of it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for command in (
    demo.demo,
    running.serve,
    messages.outbox,
    messages.show,
    messages.undo,
    messages.release,
    messages.hold,
    recall.recall,
    recall.recalls,
    recall.confirm,
    recall.restore,
    drill.drill,
    upkeep.doctor,
    upkeep.backup,
    upkeep.restore_backup,
):
    commands.command()(command)
accounts.commands.command()(rights.role)
accounts.commands.command()(rights.delegate)
commands.add_typer(accounts.commands, name="account")
commands.add_typer(keys.commands, name="key")
commands.add_typer(audit.commands, name="audit")
commands.add_typer(review.commands, name="review")
commands.add_typer(history.commands, name="history")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"takeback {__version__}")
        raise typer.Exit


def _speak(asked: str | None) -> None:
    if asked is not None and asked not in languages():
        raise typer.BadParameter(f"there are {', '.join(languages())}")
    tongue.speak(tongue.choose(asked, os.environ))


@commands.callback()
def takeback(
    lang: Annotated[
        str | None,
        typer.Option(
            LANG_OPTION,
            metavar="LANGUAGE",
            callback=_speak,
            is_eager=True,
            help=f"ar or en; anywhere on the line (default: ${tongue.LANG}, then the system's language).",
        ),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Makes sent e-mail undoable: holds it, stops it, and tells what became of it."""
    logs.configure(level=logging.WARNING)


def main() -> None:
    """The entry point. A reader that went away (`takeback outbox | head`) is no reason for a traceback."""
    try:
        commands()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
