"""Durations and sizes as people write them, and the base of every package's Settings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo

from takeback.clock import DAY, HOUR, MINUTE, SECOND, Duration

_DURATION_UNITS: dict[str, Duration] = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_SIZE_UNITS = {"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}
_DURATION = re.compile(r"([0-9]{1,9})\s*([smhd])")
_SIZE = re.compile(r"([0-9]{1,9})\s*([KMG]?B)", re.IGNORECASE)
_LONGEST: Duration = 999_999_999 * SECOND
"""The longest HOLDFOR there is (RFC 4865 §4); no duration of ours is longer."""


def parse_duration(text: str) -> Duration:
    """`90s`, `5m`, `2h`, `3d`, or several of them as in `1h30m`; ValueError says what was expected."""
    compact = text.strip().lower()
    parts = _DURATION.findall(compact)
    if not parts or _DURATION.sub("", compact).strip():
        raise ValueError(f'{text!r} is not a duration; write it as "30s", "5m", "2h" or "3d"')
    total = sum(int(count) * _DURATION_UNITS[unit] for count, unit in parts)
    if total > _LONGEST:
        raise ValueError(f"{text!r} is longer than 999999999 seconds")
    return total


UNTIL_RELEASED = "until released"

Window = int | None
"""How long to hold, in microseconds; None holds until somebody releases it."""


def parse_window(text: str) -> Window:
    """A duration, or `until released`; ValueError says what was expected."""
    if " ".join(text.lower().split()) == UNTIL_RELEASED:
        return None
    try:
        return parse_duration(text)
    except ValueError as error:
        raise ValueError(f'{error}, or "{UNTIL_RELEASED}"') from None


def parse_size(text: str) -> int:
    """Bytes in `512B`, `64KB`, `50MB`, `1GB` (powers of 1024); ValueError says what was expected."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f'{text!r} is not a size; write it as "64KB", "50MB" or "1GB"')
    return int(match[1]) * _SIZE_UNITS[match[2].upper()]


def format_duration(duration: Duration) -> str:
    """The two largest units that matter: `2d 3h`, `4m 5s`, `9s`; never less than `0s`."""
    rest = max(0, duration) // SECOND
    parts = []
    for unit, length in reversed(_DURATION_UNITS.items()):
        count, rest = divmod(rest, length // SECOND)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2]) or "0s"


def format_size(size: int) -> str:
    """`812 B`, `4.2 KB`, `1.0 GB`."""
    if size < 1024:
        return f"{size} B"
    for unit in ("KB", "MB", "GB"):
        amount = size / _SIZE_UNITS[unit]
        if amount < 1000 or unit == "GB":
            break
    return f"{amount:.1f} {unit}"


def _read_duration(value: object) -> object:
    """A bare number has no unit, and nobody means microseconds."""
    return parse_duration(value if isinstance(value, str) else str(value))


def _read_size(value: object) -> object:
    return parse_size(value) if isinstance(value, str) else value


DurationText = Annotated[int, BeforeValidator(_read_duration)]
"""A settings field written as text, held as a `Duration`."""
SizeText = Annotated[int, BeforeValidator(_read_size)]
"""A settings field written as text, held as a number of bytes."""


def _read_window(value: object) -> object:
    return parse_window(value) if isinstance(value, str) else value


WindowText = Annotated[Window, BeforeValidator(_read_window)]
"""A settings field written as a duration or `until released`, held as a `Window`."""


def _read_path(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, str | Path):
        return value
    path = Path(value).expanduser()
    return (info.context or {}).get("folder", Path()) / path


def _read_optional_path(value: object, info: ValidationInfo) -> object:
    return None if value == "" else _read_path(value, info)


PathText = Annotated[Path, BeforeValidator(_read_path)]
"""A settings field written as text, held as a path; a relative one starts from the configuration file's folder."""
OptionalPathText = Annotated[Path | None, BeforeValidator(_read_optional_path)]
"""The same; `""` says that there is none."""


class Settings(BaseModel):
    """What one package reads from the configuration: complete, checked, and unchangeable once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)
