"""The promise of the history of drills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from takeback.clock import Duration, Instant


@dataclass(frozen=True, slots=True)
class Drilled:
    """What a drill came to in one test mailbox. `outcome` is that of the recall, or `not_sent` or `not_delivered` where
    it did not come to one; `arrived_after` counts from the submission, `recalled_after` from asking for the recall."""

    drill: str
    at: Instant
    address: str
    kind: str
    server: str
    outcome: str
    reason: str
    arrived_after: Duration | None
    recalled_after: Duration | None

    @property
    def passed(self) -> bool:
        return self.outcome == "recalled"


class DrillStore(Protocol):
    def now(self) -> Instant: ...

    async def keep(self, drilled: Sequence[Drilled]) -> None:
        """Afterwards they are in the history, once, and what is older than a year is not."""
        ...

    async def history(self, limit: int) -> Sequence[Drilled]:
        """The newest first."""
        ...

    async def latest(self) -> Sequence[Drilled]:
        """Those of the newest drill."""
        ...
