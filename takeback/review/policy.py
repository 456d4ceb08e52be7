"""What findings come to: how long the message waits because of each. Pure; what a person decided stands above it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from takeback.clock import Instant
from takeback.quantities import Window
from takeback.review.finding import Finding
from takeback.review.settings import ReviewSettings

UNREVIEWED_FOREVER: Instant = (1 << 63) - 1
"""A `review_by` that never comes: with `on_failure = "hold"` nothing leaves because time has passed."""
KEPT_UNREVIEWED: Instant = UNREVIEWED_FOREVER - 1
"""The same, of a message whose review is late and that is told to be kept because of it. Its times stay as they are:
when the review is in after all, they count again."""


class Effect(StrEnum):
    """What one finding did to its message."""

    SHOWN = "shown"
    """It is told, and holds nothing."""
    HELD = "held"
    """It holds the message for a window."""
    KEPT = "kept"
    """It keeps the message until somebody releases it."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding and the window that follows from it; 0 holds nothing, None until released."""

    finding: Finding
    window: Window

    @property
    def effect(self) -> Effect:
        if self.window is None:
            return Effect.KEPT
        return Effect.HELD if self.window else Effect.SHOWN


Silence = tuple[str, str]
"""A code, and what it is silenced for (`Finding.about`)."""


def judge(findings: Iterable[Finding], settings: ReviewSettings, silences: frozenset[Silence]) -> list[Judged]:
    """The findings that are told, each with its window, in the order given. What was called fine before, and what a
    rule that is off has found, is not told."""
    return [
        Judged(finding, _window(finding, settings))
        for finding in findings
        if (finding.code, finding.about) not in silences and settings.policy(finding.code) != "off"
    ]


def _window(finding: Finding, settings: ReviewSettings) -> Window:
    match settings.policy(finding.code):
        case (window,):
            return window
        case "hold":
            reached = [tier.window for tier in settings.hold if finding.probability >= tier.above]
            return reached[-1] if reached else 0
        case _:
            return 0


def longest(windows: Iterable[Window]) -> Window:
    """None, which is until released, is longer than any; 0 where there is none."""
    listed = list(windows)
    return None if None in listed else max((window for window in listed if window is not None), default=0)


def review_by(settings: ReviewSettings, accepted_at: Instant) -> Instant | None:
    """Until when a message waits for its review; None where none is asked for."""
    if not settings.enabled:
        return None
    return UNREVIEWED_FOREVER if settings.on_failure == "hold" else accepted_at + settings.timeout
