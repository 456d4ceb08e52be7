"""The data folder: whose it is, who can read it, and how much room is left."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from takeback.config import Config
from takeback.doctor.finding import Finding, ok, problem, warning
from takeback.quantities import format_size

_ABOUT = "data folder"


def examine_folder(config: Config) -> list[Finding]:
    folder = config.data.folder
    if not folder.is_dir():
        return [warning(_ABOUT, f"{folder} is not there yet.", "Start takeback serve, which makes it.")]
    try:
        return [*_rights(folder), _room(folder, config.data.reserve)]
    except OSError as error:
        return [problem(_ABOUT, f"{folder} cannot be looked at: {error.strerror}.", "Run this as its owner.")]


def _rights(folder: Path) -> Iterator[Finding]:
    status = folder.stat()
    strangers = sorted(path.name for path in folder.iterdir() if path.stat().st_uid != status.st_uid)
    if not os.access(folder, os.W_OK | os.X_OK):
        yield problem(_ABOUT, f"{folder} cannot be written to.", "Run this as its owner, or change owner and mode.")
    elif strangers:
        yield problem(
            _ABOUT,
            f"In {folder}, {', '.join(strangers)} belong to another user than the folder does.",
            f"chown -R --reference={folder} {folder}, and run every command as that user.",
        )
    elif status.st_mode & 0o077:
        yield warning(
            _ABOUT,
            f"Others than its owner may look into {folder} (mode {status.st_mode & 0o777:03o}).",
            f"chmod 700 {folder}",
        )
    else:
        yield ok(_ABOUT, f"{folder} is its owner's alone.")


def _room(folder: Path, reserve: int) -> Finding:
    free = shutil.disk_usage(folder).free
    text = f"{format_size(free)} are free, the reserve is {format_size(reserve)}"
    if free < reserve // 2:
        return problem("disk", f"{text}: nothing is accepted, and nothing leaves.", "Make room at once.")
    if free < reserve:
        return problem("disk", f"{text}: no message is accepted (452 4.3.1).", "Make room.")
    if free < 2 * reserve:
        return warning("disk", f"{text}.", "Make room before it is less than the reserve.")
    return ok("disk", f"{text}.")
