"""Postponing: which reviews wait while mail comes in faster than it is worth to review it at once. Pure.

A burst of submissions and the reviews of what has just been accepted want the same cores. What does not leave soon can
be reviewed when the burst is over; nothing may leave later, or unreviewed, because of that.
"""

from __future__ import annotations

from dataclasses import dataclass

from takeback.clock import MINUTE, SECOND, Duration, Instant
from takeback.review.settings import ReviewSettings

CROWD = 100
CROWD_WITHIN: Duration = SECOND // 2
"""So many submissions in that time are a burst."""
LONGEST: Duration = MINUTE
"""However long its window is: its sender may be looking at it."""
_MARGIN: Duration = 5 * SECOND
_PACE: Duration = SECOND // 100
"""For one review by one worker, three times what ordinary mail takes on a core of its own."""


@dataclass(frozen=True, slots=True)
class Urgent:
    """What cannot wait: a message of which a copy is due before the one moment, or that came before the other."""

    due_before: Instant
    accepted_before: Instant


def urgent(now: Instant, backlog: int, workers: int, settings: ReviewSettings) -> Urgent:
    """What is to be reviewed although mail keeps coming in, where `backlog` messages wait for a review: that for which
    the time would become short if all of them had to be reviewed first."""
    needed = _MARGIN + backlog * _PACE // workers
    patience = min(LONGEST, settings.timeout) if settings.on_failure == "hold" else LONGEST
    return Urgent(due_before=now + needed, accepted_before=now + needed - patience)
