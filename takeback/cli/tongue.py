"""How the commands say things: in the language of whoever types, with whatever others wrote visible and isolated.

A process speaks one language. What programs read (`--json`, `--csv`) never depends on it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.text import Text

from takeback.clock import DAY, HOUR, MINUTE, SECOND, Duration, Instant, to_datetime
from takeback.errors import TakebackError
from takeback.i18n.language import SOURCE, Language, forms, language
from takeback.visible import visible

LANG = "TAKEBACK_LANG"
_OF_THE_SYSTEM = ("LC_ALL", "LC_MESSAGES", "LANG")
_ISOLATE, _END = "\u2068", "\u2069"
"""What stands between takes its direction from its own first letter, and turns nothing around it."""
_UNITS: Sequence[tuple[Duration, tuple[str, str]]] = (
    (DAY, forms("{number}d", "{number}d")),
    (HOUR, forms("{number}h", "{number}h")),
    (MINUTE, forms("{number}m", "{number}m")),
    (SECOND, forms("{number}s", "{number}s")),
)


class Said(str):
    """Words that can be shown as they are: ours, or made visible."""

    __slots__ = ()


class _Tongue:
    language: Language = language(SOURCE)


def speak(wanted: Language) -> None:
    """Afterwards everything is said in that language."""
    _Tongue.language = wanted


def spoken() -> Language:
    return _Tongue.language


def choose(asked: str | None, environment: Mapping[str, str]) -> Language:
    """The language that was asked for, or that the environment names: `ar`, `ar_SA.UTF-8`. The first word on it counts,
    and where none is known it is the source language."""
    words = (asked, *(environment.get(name) for name in (LANG, *_OF_THE_SYSTEM)))
    named = next((each for each in words if each), SOURCE)
    return language(re.split(r"[._@-]", named)[0])


def t(words: str, /, **values: object) -> Said:
    """The words in the language spoken. A text among the values is made visible and isolated, unless it is Said."""
    return _filled(spoken().text(words), values)


def n(one: str, many: str, count: int, /, **values: object) -> Said:
    """The words for that many."""
    return _filled(spoken().form(one, many, count), {"number": Said(spoken().number(count)), **values})


def number(value: int) -> Said:
    return Said(spoken().number(value))


def theirs(text: str, limit: int | None = None) -> Said:
    """What others wrote."""
    return _isolated(Said(visible(text, limit)))


def complaint(error: TakebackError) -> Said:
    """The one line of an error."""
    if error.values:
        return t(error.words, **error.values)
    known = spoken().text(error.words)
    return Said(known if known != error.words else visible(known))


def listed(items: Sequence[str]) -> Said:
    return Said(t(", ").join(items))


def duration(length: Duration) -> Said:
    """The two largest units that matter: `2d 3h`, `4m 5s`; never less than `0s`."""
    rest = max(0, length)
    parts = []
    for unit, words in _UNITS:
        count, rest = divmod(rest, unit)
        if count:
            parts.append(n(*words, count))
    return Said(" ".join(parts[:2]) or n(*_UNITS[-1][1], 0))


def moment(instant: Instant) -> Said:
    """`2026-11-25 14:03:07`, in every language, so that it sorts and can be typed."""
    return _isolated(_local(instant).strftime("%Y-%m-%d %H:%M:%S"))


def time_of_day(instant: Instant) -> Said:
    return _isolated(_local(instant).strftime("%H:%M:%S"))


def cell(text: str | Text, style: str = "") -> Text | Cell:
    """Something for a table, whose words keep their order whatever stands beside it."""
    shown = Text(text if isinstance(text, Said) else visible(text), style) if isinstance(text, str) else text
    return shown if _is_plain() else Cell(shown)


class Cell:
    """A text that is isolated line by line, for a line is all that a terminal knows."""

    def __init__(self, text: Text) -> None:
        self.text = text

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement.get(console, options, self.text)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        overflow, no_wrap = options.overflow or "fold", options.no_wrap or False
        for line in self.text.wrap(console, options.max_width, overflow=overflow, no_wrap=no_wrap):
            yield _alone(line)


def _alone(line: Text) -> Text:
    """One line of a text, isolated, and with what was isolated within it and is cut by the end of the line."""
    opened, ended = line.plain.count(_ISOLATE), line.plain.count(_END)
    if not line.plain or (opened == ended == 1 and line.plain[0] == _ISOLATE and line.plain[-1] == _END):
        return line
    return Text.assemble(_ISOLATE * (1 + max(0, ended - opened)), line, _END * (1 + max(0, opened - ended)))


def _filled(said: str, values: Mapping[str, object]) -> Said:
    if not values:
        return Said(said)
    shown = {name: each if isinstance(each, Said) else theirs(str(each)) for name, each in values.items()}
    return Said(said.format_map(shown))


def _isolated(text: str) -> Said:
    return Said(text if _is_plain() or not text else f"{_ISOLATE}{text}{_END}")


def _is_plain() -> bool:
    """Whether nothing needs to be isolated: as long as all is written in one direction, the marks would only be in the
    way of whoever searches in what is printed."""
    return spoken().direction == "ltr"


def _local(instant: Instant) -> datetime:
    return to_datetime(instant).astimezone()
