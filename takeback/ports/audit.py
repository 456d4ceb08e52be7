"""The promise of the sealed record of acts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from takeback.chain import Act, Broken, Head, Link
from takeback.clock import Duration, Instant


@dataclass(frozen=True, slots=True)
class NewAct:
    """An act that changed nothing in the store by itself, such as a dry run or a refusal."""

    kind: str
    actor: str
    account: str = ""
    message: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A link of the chain with its act; None where that was deleted when its time had passed."""

    link: Link
    act: Act | None


@dataclass(frozen=True, slots=True)
class Notes:
    """What the chain is held against besides itself: the head that was noted when it was last sealed (None before
    the first time), a reason not to trust that note, and up to when acts have been forgotten."""

    head: Head | None
    distrust: Broken | None
    forgotten_before: Instant


class Audit(Protocol):
    async def note(self, act: NewAct) -> None:
        """Afterwards the act is on the record."""
        ...

    async def seal(self) -> int:
        """Seals some of what is not sealed yet. Returns how many acts; 0 means that all are."""
        ...

    async def forget(self, keep: Duration) -> int:
        """Deletes some of the acts that were sealed longer ago than `keep`; their links stay. Returns how many."""
        ...

    async def head(self) -> Head:
        """Where the chain ends."""
        ...

    async def unsealed(self) -> int:
        """How many acts are not sealed yet."""
        ...

    async def notes(self) -> Notes: ...

    async def page(self, after: int, limit: int) -> Sequence[Sealed]:
        """The links behind that position, in order."""
        ...
