"""Two sides measured in turn, so that whatever else the machine does falls on both."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure of each side for each round."""

    ours: list[float]
    theirs: list[float]

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


def in_turn(rounds: int, ours: Callable[[], float], theirs: Callable[[], float]) -> Comparison:
    comparison = Comparison([], [])
    for _ in range(rounds):
        for side, figures in ((ours, comparison.ours), (theirs, comparison.theirs)):
            os.sync()  # what one side left to be written must not slow the other
            figures.append(side())
    return comparison
