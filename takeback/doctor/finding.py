"""What an examination comes to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    """Works, and somebody should know."""
    PROBLEM = "problem"
    """Something does not work, or a promise is not kept."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about one part, and what to do where something is to be done. The sentence may quote strangers:
    show it only through `takeback.visible`."""

    level: Level
    about: str
    sentence: str
    advice: str = ""


def ok(about: str, sentence: str) -> Finding:
    return Finding(Level.OK, about, sentence)


def warning(about: str, sentence: str, advice: str) -> Finding:
    return Finding(Level.WARNING, about, sentence, advice)


def problem(about: str, sentence: str, advice: str) -> Finding:
    return Finding(Level.PROBLEM, about, sentence, advice)
