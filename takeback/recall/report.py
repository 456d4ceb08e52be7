"""The report of a recall: one row for each recipient, the people behind it, and the copies of each. Pure.

The sender sees outcome and time. The people of lists, and the evidence, are for administrators; so is whether a mailbox
is protected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from takeback.clock import Instant, rfc3339
from takeback.recall.outcomes import DONE, Outcome, Reason, as_told_to_sender, worst


class Status(StrEnum):
    WAITING = "waiting"
    """A second person has to confirm it; no mailbox has been opened."""
    RUNNING = "running"
    """Something is still tried or waited for."""
    DONE = "done"
    DRY_RUN = "dry_run"


@dataclass(frozen=True, slots=True)
class CopyReport:
    """One stored instance; `evidence` is the server's word for what became of it."""

    outcome: Outcome
    folder: str
    at: Instant
    evidence: str


@dataclass(frozen=True, slots=True)
class PersonReport:
    """One mailbox. `detail` quotes a server."""

    address: str
    outcome: Outcome
    reason: Reason
    at: Instant
    next_try_at: Instant | None = None
    detail: str = ""
    copies: Sequence[CopyReport] = ()


@dataclass(frozen=True, slots=True)
class RecipientReport:
    """One recipient of the message. `own` is its outcome where nobody was looked for behind it."""

    address: str
    own: Outcome | None
    reason: Reason
    at: Instant
    people: Sequence[PersonReport] = ()

    @property
    def worst_person(self) -> PersonReport | None:
        """Whose outcome, reason and time stand for the recipient."""
        found = worst(person.outcome for person in self.people)
        return next((person for person in self.people if person.outcome is found), None)

    @property
    def outcome(self) -> Outcome:
        return self.own or (self.worst_person.outcome if self.worst_person else Outcome.OUT_OF_REACH)


@dataclass(frozen=True, slots=True)
class CorrectionReport:
    """The correction that was asked for: the message that carries it, and to how many recipients of the original it
    goes. None and 0 until the recall is over, and where nobody was to get one."""

    message: str | None
    recipients: int


@dataclass(frozen=True, slots=True)
class Report:
    id: str
    message: str
    status: Status
    asked_at: Instant
    watch_until: Instant
    recipients: Sequence[RecipientReport]
    correction: CorrectionReport | None = None
    """None where nobody asked for one."""

    @property
    def counts(self) -> dict[Outcome, int]:
        """People by outcome; each person once, whichever ways lead to them, and a recipient behind whom nobody was
        looked for as one."""
        people = {person.address: person.outcome for each in self.recipients for person in each.people}
        counted = Counter(people.values())
        counted.update(each.outcome for each in self.recipients if not each.people)
        return {outcome: counted[outcome] for outcome in Outcome if counted[outcome]}

    @property
    def whole(self) -> bool:
        """Whether nobody has the message any more."""
        return all(outcome in DONE for outcome in self.counts)


def for_sender(report: Report) -> Report:
    """The same report without what is not the sender's business."""
    return replace(report, recipients=[_recipient_for_sender(each) for each in report.recipients])


def _shown(report: Report, full: bool) -> Sequence[RecipientReport]:
    """The totals are all that a sender learns from a dry run: it would be a receipt for having read."""
    return [] if report.status is Status.DRY_RUN and not full else report.recipients


def _recipient_for_sender(recipient: RecipientReport) -> RecipientReport:
    people = [_person_for_sender(person) for person in recipient.people]
    own, reason = recipient.own, recipient.reason
    if own is not None:
        own, reason = as_told_to_sender(own, reason)
    return replace(recipient, own=own, reason=reason, people=people)


def _person_for_sender(person: PersonReport) -> PersonReport:
    outcome, reason = as_told_to_sender(person.outcome, person.reason)
    return replace(person, outcome=outcome, reason=reason, detail="", copies=())


def document(report: Report, full: bool, also: Sequence[str] = ()) -> dict[str, Any]:
    """What `--json` and the API give; `full` for administrators."""
    told = report if full else for_sender(report)
    return {
        "id": told.id or None,
        "message": told.message,
        "status": told.status.value,
        "asked_at": rfc3339(told.asked_at),
        "watch_until": rfc3339(told.watch_until),
        "counts": {outcome.value: number for outcome, number in told.counts.items()},
        "recipients": [_recipient_document(each, full) for each in _shown(told, full)],
        "correction": _correction_document(told.correction),
        "also": list(also),
    }


def _correction_document(correction: CorrectionReport | None) -> dict[str, Any] | None:
    return None if correction is None else {"message": correction.message, "recipients": correction.recipients}


def _recipient_document(recipient: RecipientReport, full: bool) -> dict[str, Any]:
    standing = recipient.worst_person if recipient.own is None else None
    listed = recipient.people if full else [each for each in recipient.people if each.address == recipient.address]
    return {
        "address": recipient.address,
        "outcome": recipient.outcome.value,
        "reason": (standing.reason if standing else recipient.reason).value or None,
        "at": rfc3339(standing.at if standing else recipient.at),
        "people": [_person_document(person, full) for person in listed],
    }


def _person_document(person: PersonReport, full: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "address": person.address,
        "outcome": person.outcome.value,
        "reason": person.reason.value or None,
        "at": rfc3339(person.at),
        "next_try_at": None if person.next_try_at is None else rfc3339(person.next_try_at),
    }
    if full:
        told["detail"] = person.detail or None
        told["copies"] = [_copy_document(copy) for copy in person.copies]
    else:
        told["copies"] = []
    return told


def _copy_document(copy: CopyReport) -> dict[str, Any]:
    return {
        "outcome": copy.outcome.value,
        "folder": copy.folder,
        "at": rfc3339(copy.at),
        "evidence": copy.evidence,
    }


def rows(report: Report, full: bool) -> Iterable[tuple[str, str, str, str, str]]:
    """Recipient, person, outcome, reason, time: a line for each person the asker may see, as CSV has them."""
    for recipient in document(report, full)["recipients"]:
        for person in recipient["people"] or [recipient]:
            yield (
                recipient["address"],
                person["address"],
                person["outcome"],
                person["reason"] or "",
                person["at"],
            )
