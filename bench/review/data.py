"""Where the mail is that is measured on. It is public record and no part of this project: nothing of it is copied."""

from __future__ import annotations

import os
from pathlib import Path

from bench.results import Skipped

VARIABLE = "TAKEBACK_REVIEW_DATA"
_DEFAULT = Path("../shared/data")


def folder(given: Path | None = None) -> Path:
    """The folder that is given, else named by the environment, else beside this repository; Skipped if it is absent."""
    root = Path(__file__).parents[2]
    path = given or Path(os.environ.get(VARIABLE) or root / _DEFAULT)
    if not path.is_dir():
        raise Skipped(f"there is no folder {path.name}; name it with --data or {VARIABLE}")
    return path


def file(name: str, given: Path | None = None) -> Path:
    path = folder(given) / name
    if not path.is_file():
        raise Skipped(f"the data folder has no {name}")
    return path
