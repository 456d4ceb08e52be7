"""Corrected messages under test: the real acceptor and the real rules of policy, and a reviewer that says what it is
told to say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from takeback.flows.ask import Who
from takeback.flows.quota import QuotaLimits
from takeback.flows.recall import Wish
from takeback.flows.replace import Corrected, Corrector, Making, Review, start
from takeback.flows.reports import Reporter
from takeback.flows.review import Judge
from takeback.flows.submitter import Submitter
from takeback.hold.settings import HoldSettings
from takeback.mail.address import Pattern
from takeback.ports.review import Assignment, Opinion
from takeback.review.finding import Finding, Reason
from takeback.review.history import Change
from takeback.review.settings import ReviewSettings
from takeback.store.review_store import SqlReviewStore
from tests.contract.store.trial import ANN
from tests.doubles.acceptors import HOST, acceptor
from tests.doubles.recalls import FROM, OWNER, RecallTrial

FILE = f"From: {FROM}\nTo: bob@example.com\nBcc: secret@example.com\nSubject: Figures, corrected\n\nRight.\n".encode()


@dataclass
class SaidReviewer:
    """Finds what it is told to find, and remembers what it was shown."""

    findings: Sequence[Finding] = ()
    failures: dict[str, str] = field(default_factory=dict)
    seen: list[Assignment] = field(default_factory=list)
    count: int = 1

    async def review(self, assignment: Assignment) -> Opinion:
        self.seen.append(assignment)
        return Opinion(0.0, self.findings, self.failures)

    async def learn(self, assignment: Assignment) -> Change | None:
        return None

    def learned(self, account: str, version: int, change: Change) -> None: ...


def finding(probability: float) -> Finding:
    return Finding("secret", probability, Reason("It holds a key", "فيها مفتاح"))


class Correcting:
    """`submitter`, `limits`, `hold` and `review` may be changed before something is asked."""

    def __init__(self, trying: RecallTrial, folder: Path) -> None:
        self.trying = trying
        self.folder = folder
        self.reviewer = SaidReviewer()
        self.submitter = Submitter(ANN, ANN)
        self.limits = QuotaLimits(0, 0, 0)
        self.hold = HoldSettings()
        self.review = ReviewSettings()
        self.max_size = 50 << 20

    def making(self) -> Making:
        store = self.trying.trial.store
        accepting = acceptor(store, self.limits, self.hold, self.review)
        judge = Judge(self.review, self.hold, ["example.com"], Pattern("*@example.com").matches, Reporter(store, HOST))
        review = Review(SqlReviewStore(store.access), self.reviewer, judge)
        return Making(Corrector(store, accepting, review, self.folder, self.max_size), self._submitter_of)

    async def _submitter_of(self, account: str) -> Submitter:
        assert account == ANN
        return self.submitter

    async def ask(
        self,
        message: str,
        *recipients: str,
        file: bytes = FILE,
        despite: bool = False,
        who: Who = OWNER,
        correction: str | None = None,
    ) -> str:
        """The id of the recall."""
        wish = Wish(message, recipients or None, correction=correction)
        trial = self.trying
        return await start(
            trial.recalls, trial.trial.store, trial.reach(), self.making(), wish, Corrected(file, despite), who
        )
