"""Two sides measured in turn, so that whatever else the machine does falls on both."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from statistics import median


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure of each side for each round."""

    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)
    our_usage: list[int] = field(default_factory=list)
    their_usage: list[int] = field(default_factory=list)
    """What the meter, if there is one, went up by meanwhile."""
    our_cpu: float = 0
    their_cpu: float = 0
    """Seconds of processor time a message, where they were counted."""

    @property
    def our_median(self) -> float:
        return median(self.ours)

    @property
    def their_median(self) -> float:
        return median(self.theirs)

    @property
    def ratio(self) -> float:
        """Ours by theirs."""
        return self.our_median / self.their_median

    @property
    def inverse(self) -> float:
        """Theirs by ours."""
        return self.their_median / self.our_median

    @property
    def spread(self) -> str:
        """The smallest and the largest ratio of ours to theirs that any one round had."""
        each = [ours / theirs for ours, theirs in zip(self.ours, self.theirs, strict=True)]
        return f"{min(each):.2f} to {max(each):.2f}"


def with_cpu(
    messages: int, ours: Callable[[], float], theirs: Callable[[], float], measure: Callable[[], Comparison]
) -> Comparison:
    """The comparison, and the processor time that each side has used for so many messages meanwhile."""
    before = ours(), theirs()
    comparison = measure()
    return replace(comparison, our_cpu=(ours() - before[0]) / messages, their_cpu=(theirs() - before[1]) / messages)


def no_meter() -> int:
    """Nothing is counted."""
    return 0


def in_turn(
    rounds: int, ours: Callable[[], float], theirs: Callable[[], float], meter: Callable[[], int] = no_meter
) -> Comparison:
    comparison = Comparison()
    sides = (
        (ours, comparison.ours, comparison.our_usage),
        (theirs, comparison.theirs, comparison.their_usage),
    )
    for _ in range(rounds):
        for side, figures, usage in sides:
            os.sync()  # what one side left to be written must not slow the other
            before = meter()
            figures.append(side())
            usage.append(meter() - before)
    return comparison
