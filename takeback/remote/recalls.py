"""Recalls of a gateway elsewhere: begun there, worked on there, and told as the gateway tells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, Field

from takeback.ports.store import Selection
from takeback.recall.outcomes import Outcome, Reason
from takeback.recall.report import CopyReport, CorrectionReport, PersonReport, RecipientReport, Report, Status
from takeback.remote.answers import Time
from takeback.remote.desk import RemoteDesk

Id = Annotated[str, Field(pattern=r"^[a-z0-9]{1,64}$")]


class _Copy(BaseModel):
    outcome: Outcome
    folder: str
    at: Time
    evidence: str


class _Fate(BaseModel):
    """What became of somebody."""

    address: str
    outcome: Outcome
    reason: Reason | None
    at: Time

    @property
    def why(self) -> Reason:
        return self.reason or Reason.NONE


class _Person(_Fate):
    next_try_at: Time | None = None
    detail: str | None = None
    copies: list[_Copy] = []

    def report(self) -> PersonReport:
        copies = [CopyReport(each.outcome, each.folder, each.at, each.evidence) for each in self.copies]
        return PersonReport(self.address, self.outcome, self.why, self.at, self.next_try_at, self.detail or "", copies)


class _Recipient(_Fate):
    people: list[_Person]

    def report(self) -> RecipientReport:
        """Its own outcome stands as it was told, for the people behind it may not have been."""
        people = [each.report() for each in self.people]
        return RecipientReport(self.address, self.outcome, self.why, self.at, people)


class _Correction(BaseModel):
    message: Id | None
    recipients: Annotated[int, Field(ge=0)]

    def report(self) -> CorrectionReport:
        return CorrectionReport(self.message, self.recipients)


@dataclass(frozen=True, kw_only=True)
class ReportElsewhere(Report):
    """A report whose counts are those of everybody, also of people who are not named in it."""

    told: Mapping[Outcome, int]

    @property
    def counts(self) -> dict[Outcome, int]:
        return dict(self.told)


class Recall(BaseModel):
    id: Id
    message: Id
    status: Status
    asked_at: Time
    watch_until: Time
    counts: dict[Outcome, Annotated[int, Field(ge=0)]]
    recipients: list[_Recipient]
    correction: _Correction | None = None
    full: bool
    """Whether it holds what is for administrators."""
    all_tried: bool
    """Whether everybody was looked at once."""

    def report(self) -> Report:
        return ReportElsewhere(
            id=self.id,
            message=self.message,
            status=self.status,
            asked_at=self.asked_at,
            watch_until=self.watch_until,
            recipients=[each.report() for each in self.recipients],
            correction=None if self.correction is None else self.correction.report(),
            told=self.counts,
        )


class _RecallIds(BaseModel):
    recalls: list[Id]


class RemoteRecalls:
    """Asks the gateway of that desk."""

    def __init__(self, desk: RemoteDesk) -> None:
        self._desk = desk

    async def start(self, selection: Selection, also_read: bool) -> Sequence[Recall]:
        """Afterwards a recall of each message of the selection stands. Raises as an undo does."""
        begun = []
        for view, to in self._desk.meant(selection):
            named = {"recipients": to} if selection.recipients is not None else {}
            path = f"/messages/{view.id}/recall"
            begun.append(await self._desk.wire.act(path, {"also_read": also_read, **named}, Recall))
        return begun

    async def ids(self, message: str) -> Sequence[str]:
        """The recalls of a message, the newest first."""
        return (await self._desk.wire.get(f"/messages/{message}/recalls", _RecallIds)).recalls

    async def recall(self, id: str) -> Recall:
        """Raises NotFound."""
        return await self._desk.wire.get(f"/recalls/{id}", Recall)
