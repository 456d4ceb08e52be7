"""What a bench hands over: rows for the table, notes for below it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles


class Skipped(Exception):
    """This cannot be measured here; the words say why."""


@dataclass(frozen=True, slots=True)
class Goal:
    words: str
    met: bool


def at_least(bound: float, value: float) -> Goal:
    return Goal(f"at least {bound:g}", value >= bound)


def at_most(bound: float, value: float, unit: str = "") -> Goal:
    return Goal(f"at most {bound:g}{unit}", value <= bound)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `beside` is what it is compared with, `ratio` what that comes to, in words."""

    what: str
    ours: str
    beside: str = ""
    ratio: str = ""
    goal: Goal | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """`notes` say how it was measured; `listing` is Markdown of its own."""

    rows: Sequence[Row] = ()
    notes: Sequence[str] = ()
    listing: str = ""


def messages_per_second(rate: float) -> str:
    return f"{rate:,.0f} messages/s"


def latency(seconds: Sequence[float]) -> str:
    return f"median {milliseconds(median(seconds))}, p99 {milliseconds(percentile_99(seconds))}"


def milliseconds(seconds: float) -> str:
    amount = seconds * 1000
    return f"{amount:,.0f} ms" if amount >= 100 else f"{amount:.3g} ms"


def percentile_99(values: Sequence[float]) -> float:
    return quantiles(values, n=100, method="inclusive")[98]
