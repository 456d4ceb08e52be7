"""The store of review: what is to be reviewed, what was found, and the history it is judged by."""

from __future__ import annotations

from collections.abc import Sequence

from takeback.ports.review import (
    Circumstances,
    Fine,
    Forget,
    GiveUp,
    Learning,
    Remembered,
    RuleFigures,
    Standing,
    TakeRequest,
    ToLearn,
    ToReview,
    Verdict,
)
from takeback.review.finding import Finding
from takeback.store import judging, learning, reviewing
from takeback.store.access import Access
from takeback.store.writer import Transition, Urgency

_TAKE = Transition(reviewing.take, Urgency.DELIVERY)
_GIVE_IN = Transition(reviewing.give_in, Urgency.DELIVERY)
_GIVE_UP = Transition(reviewing.give_up, Urgency.DELIVERY)
_TAKE_BACK = Transition(reviewing.take_back, Urgency.DELIVERY)
_FINE = Transition(learning.fine, Urgency.PERSON)
_LEARN = Transition(learning.learn, Urgency.ACCEPT)
_FORGET = Transition(learning.forget, Urgency.PERSON)


class SqlReviewStore:
    """`takeback.ports.review.ReviewStore` over a database."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def take(self, request: TakeRequest) -> Sequence[ToReview]:
        return await self._access.submit(_TAKE, request)

    async def waiting(self) -> int:
        return await self._access.ask(reviewing.waiting)

    async def give_in(self, verdict: Verdict) -> Standing:
        return await self._access.submit(_GIVE_IN, verdict)

    async def give_up(self, request: GiveUp) -> Sequence[str]:
        return await self._access.submit(_GIVE_UP, request)

    async def take_back(self) -> int:
        return await self._access.submit(_TAKE_BACK, None)

    async def circumstances(self, account: str) -> Circumstances:
        return await self._access.ask(lambda connection: learning.circumstances(connection, account))

    async def fine(self, request: Fine) -> Sequence[Finding]:
        return await self._access.submit(_FINE, request)

    async def last_found(self, account: str) -> str | None:
        return await self._access.ask(lambda connection: judging.last_found(connection, account))

    async def figures(self) -> Sequence[RuleFigures]:
        return await self._access.ask(judging.figures)

    async def history(self, account: str) -> Remembered:
        return await self._access.ask(lambda connection: learning.remembered(connection, account))

    async def to_learn(self, limit: int) -> Sequence[ToLearn]:
        return await self._access.ask(lambda connection: learning.to_learn(connection, limit))

    async def learn(self, change: Learning) -> bool:
        return await self._access.submit(_LEARN, change)

    async def known(self, account: str, digests: Sequence[bytes]) -> set[bytes]:
        return await self._access.ask(lambda connection: learning.known(connection, account, digests))

    async def forget(self, request: Forget) -> int:
        return await self._access.submit(_FORGET, request)
