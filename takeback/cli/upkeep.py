"""doctor, backup, restore-backup: keeping a gateway healthy."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from takeback import clock
from takeback.cli.terms import (
    ConfigOption,
    Exit,
    JsonOption,
    UsageError,
    actor,
    console,
    failing_clearly,
    load_config,
    print_json,
    say,
)
from takeback.config import Config
from takeback.doctor.finding import Finding, Level
from takeback.hold.states import State
from takeback.quantities import format_size
from takeback.store import backup as copies
from takeback.store.opening import lock_folder, make_folder
from takeback.visible import visible

_STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.PROBLEM: "bold red"}
FileArgument = Annotated[Path, typer.Argument(metavar="FILE")]


def doctor(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Check configuration, data, clock, certificate, logins and relays, and say what to do. Sends nothing."""
    from takeback.doctor.examination import examine  # takes longer to import than most commands to run

    with failing_clearly(as_json):
        findings = asyncio.run(examine(load_config(config)))
        if as_json:
            print_json([_document(finding) for finding in findings])
        else:
            for finding in findings:
                _print(finding)
        if any(finding.level is Level.PROBLEM for finding in findings):
            raise typer.Exit(Exit.TROUBLE)


def _document(finding: Finding) -> dict[str, str]:
    return {
        "level": finding.level.value,
        "about": finding.about,
        "sentence": finding.sentence,
        "advice": finding.advice,
    }


def _print(finding: Finding) -> None:
    line = Text.assemble(
        (f"{finding.level.value:<8}", _STYLES[finding.level]),
        (f" {visible(finding.about)}: ", "bold"),
        visible(finding.sentence),
    )
    if finding.advice:
        line.append(f" {visible(finding.advice)}", "cyan")
    console.print(line, soft_wrap=True)


def backup(file: FileArgument, config: ConfigOption = None) -> None:
    """Copy the embedded database to FILE, whole and consistent, also while serve runs."""
    with failing_clearly():
        settings = load_config(config)
        _must_be_embedded(settings, f"pg_dump --format=custom --file={file} DATABASE")
        size = copies.back_up(_database(settings), file)
        say(f"Copied {format_size(size)} to {file}. It holds mail and password hashes: keep it as you keep those.")


def restore_backup(
    file: FileArgument,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put it in the place of the database that is there, which is kept aside.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Put a backup in the database's place. What was open in it is held until you release it: it may have left."""
    with failing_clearly():
        settings = load_config(config)
        _must_be_embedded(settings, f"pg_restore --clean --dbname=DATABASE {file}")
        with _nobody_serving(settings):
            if _database(settings).exists() and not replace:
                raise UsageError(f"{_database(settings)} is there already; --replace puts the backup in its place")
            kept, old = copies.restore(file, _database(settings), actor(), clock.now())
        for line in _restored(file, kept, old):
            say(line)


def _restored(file: Path, kept: Mapping[State, int], old: Path | None) -> Iterator[str]:
    yield f"Restored {file}. Accounts and passwords are those of that time too."
    if old is not None:
        yield f"The database that was there is now {old}; remove it when you need it no more."
    if held := kept.get(State.HELD, 0):
        yield (
            f"{_recipients(held)} open in the backup and may have got the message since. Nothing of that leaves by "
            "itself: see takeback outbox, then takeback release or takeback undo each."
        )
    if unknown := kept.get(State.UNKNOWN, 0):
        yield f"{_recipients(unknown)} just being handed over or unknown: takeback release --again, or takeback undo."


def _recipients(count: int) -> str:
    return "1 recipient was" if count == 1 else f"{count} recipients were"


def _database(config: Config) -> Path:
    return config.data.folder / "takeback.db"


def _must_be_embedded(config: Config, command: str) -> None:
    if config.data.database != "sqlite":
        raise UsageError(f"the mail is in PostgreSQL, which has tools of its own for this: {command}")


@contextmanager
def _nobody_serving(config: Config) -> Iterator[None]:
    make_folder(config.data.folder)
    lock = lock_folder(config.data.folder)
    try:
        yield
    finally:
        os.close(lock)
