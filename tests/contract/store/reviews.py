"""Short ways to say what is asked of the store of reviews."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from takeback.clock import MINUTE, SECOND, Duration, Instant
from takeback.ids import new_token
from takeback.ports import Outcome
from takeback.ports import Verdict as AttemptVerdict
from takeback.ports.review import Standing, TakeRequest, ToReview, Verdict
from takeback.ports.store import DotMark, Result, Settlement
from takeback.quantities import Window
from takeback.review.finding import Finding, Reason, Where
from takeback.review.policy import Judged
from takeback.store.review_store import SqlReviewStore
from tests.contract.store.trial import Trial

LEASE: Duration = MINUTE


def finding(code: str = "secret", recipient: str | None = None, about: str = "", probability: float = 0.97) -> Finding:
    return Finding(code, probability, Reason(f"It holds a {code}", f"فيها {code}"), Where(recipient), about)


def judged(code: str = "secret", window: Window = None, recipient: str | None = None, about: str = "") -> Judged:
    return Judged(finding(code, recipient, about), window)


class Reviews:
    """A store of reviews beside the store under test."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.store = SqlReviewStore(trial.store.access)

    async def accept(self, *addresses: str, due_in: Any = 0, **values: Any) -> str:
        """A message that waits five seconds for its review."""
        values.setdefault("review_by", self.trial.clock.now + 5 * SECOND)
        return await self.trial.accept(*addresses, due_in=due_in, **values)

    async def take(self, limit: int = 10, lease: Duration = LEASE, token: str = "") -> Sequence[ToReview]:
        return await self.store.take(TakeRequest(token or new_token(), limit, lease))

    async def take_one(self) -> ToReview:
        [taken] = await self.take()
        return taken

    async def give_in(self, taken: ToReview, *judged: Judged, due_at: Instant | None = 0, **values: Any) -> Standing:
        """A verdict that lets no copy leave before that time."""
        recipients = len(taken.envelope.recipients)
        return await self.store.give_in(Verdict(taken.id, taken.token, judged, [due_at] * recipients, **values))

    async def due_at(self, message: str) -> list[Instant | None]:
        return [row.due_at for row in await self.trial.rows(message)]


async def send_what_is_due(trial: Trial, verdict: AttemptVerdict = AttemptVerdict.SENT) -> None:
    for claimed in await trial.claim():
        ids = [each.id for each in claimed.recipients]
        assert await trial.store.mark_dot(DotMark(claimed.token, ids))
        results = [Result(id, Outcome(verdict, "250 ok", "mx"), None) for id in ids]
        await trial.store.record(Settlement(claimed.token, results))
