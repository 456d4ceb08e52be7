"""What people read in the terminal about recalls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from takeback.cli.tongue import moment as local
from takeback.flows.restore import Restored
from takeback.recall.outcomes import REASON_WORDS, WORDS, Outcome, Reason
from takeback.recall.report import CorrectionReport, PersonReport, RecipientReport, Report, Status, for_sender
from takeback.visible import visible

STYLES = {
    Outcome.RECALLED: "bold green",
    Outcome.RECALLED_READ: "green",
    Outcome.REPLACED: "bold green",
    Outcome.NEVER_LEFT: "bold green",
    Outcome.RESTORED: "cyan",
    Outcome.PENDING: "yellow",
    Outcome.ALREADY_READ: "red",
    Outcome.NOT_FOUND: "yellow",
    Outcome.AMBIGUOUS: "red",
    Outcome.OUT_OF_REACH: "red",
    Outcome.PROTECTED: "red",
    Outcome.GAVE_UP: "bold red",
}
_LISTED = 200
_STATUS_WORDS = {
    Status.RUNNING: "Recall {id} of {message}: not over yet; a copy that arrives until {until} is still caught.",
    Status.WAITING: "Recall {id} of {message} waits: a second person must confirm it, with takeback confirm {id}.",
    Status.DONE: "Recall {id} of {message}: over.",
    Status.DRY_RUN: "Dry run for {message}: nothing was changed. This is what a recall would come to now.",
}


def counted(counts: Mapping[Outcome, int]) -> Table:
    """How many people have come to what; drawn again and again while a recall runs."""
    table = Table.grid(padding=(0, 2))
    for outcome in Outcome:
        if counts.get(outcome):
            table.add_row(Text(str(counts[outcome]), style=STYLES[outcome], justify="right"), Text(WORDS[outcome]))
    return table


def in_a_line(message: str, counts: Mapping[Outcome, int]) -> str:
    """`1nm…: recalled, unread (1); already read, left alone (1)`"""
    said = "; ".join(f"{WORDS[outcome]} ({counts[outcome]})" for outcome in Outcome if counts.get(outcome))
    return f"{message}  recall: {said}"


def report(told: Report, full: bool) -> list[Table | Text]:
    """The totals, and who is in which."""
    shown = told if full else for_sender(told)
    heading = _STATUS_WORDS[shown.status].format(id=shown.id, message=shown.message, until=local(shown.watch_until))
    parts: list[Table | Text] = [Text(heading), Text(), counted(shown.counts)]
    if shown.correction is not None:
        parts += [Text(), Text(_corrected(shown.correction, shown.status))]
    if full or shown.status is not Status.DRY_RUN:
        parts += [Text(), _recipients(shown.recipients, full)]
    return parts


def _corrected(correction: CorrectionReport, status: Status) -> str:
    if correction.message is not None:
        return f"Correction {correction.message}: sent to recipients who were not reached ({correction.recipients})."
    return "No correction was sent." if status is Status.DONE else "Correction: sent when the recall is over."


def _recipients(recipients: Sequence[RecipientReport], full: bool) -> Table:
    table = Table("Recipient", "Person", "Outcome", "When", box=box.SIMPLE_HEAD, pad_edge=False)
    left = _LISTED
    for recipient in recipients:
        people = recipient.people if full else []
        for person in people[:left]:
            table.add_row(_address(recipient), _person(recipient, person), _said(person), local(person.at))
        if not people and left > 0:
            table.add_row(_address(recipient), Text(), _recipient_said(recipient), local(_at(recipient)))
        left -= max(1, len(people))
    if left < 0:
        table.add_row(Text("…"), Text(), Text(f"{-left} more; --csv and --json list all."), Text())
    return table


def _address(recipient: RecipientReport) -> Text:
    return Text(visible(recipient.address))


def _person(recipient: RecipientReport, person: PersonReport) -> Text:
    return Text("" if person.address == recipient.address else visible(person.address))


def _said(person: PersonReport) -> Text:
    text = _sentence(person.outcome, person.reason)
    if person.detail:
        text.append(f" ({visible(person.detail, 200)})", "dim")
    return text


def _recipient_said(recipient: RecipientReport) -> Text:
    person = recipient.worst_person if recipient.own is None else None
    return _sentence(recipient.outcome, person.reason if person else recipient.reason)


def _at(recipient: RecipientReport) -> int:
    person = recipient.worst_person if recipient.own is None else None
    return person.at if person else recipient.at


def _sentence(outcome: Outcome, reason: Reason) -> Text:
    text = Text(WORDS[outcome], style=STYLES[outcome])
    if reason in REASON_WORDS:
        text.append(f"; {REASON_WORDS[reason]}", "default")
    return text


def restored(told: Restored) -> Text:
    line = Text(f"{visible(told.address)}: ")
    line.append(_sentence(told.outcome, told.reason))
    if told.detail:
        line.append(f" ({visible(told.detail, 200)})", "dim")
    return line


def restored_document(recall: str, people: Sequence[Restored]) -> dict[str, Any]:
    return {
        "id": recall,
        "people": [
            {
                "address": each.address,
                "outcome": each.outcome.value,
                "reason": each.reason.value or None,
                "detail": each.detail or None,
            }
            for each in people
        ],
    }


def for_a_cell(text: str) -> str:
    """A spreadsheet takes a cell that begins with one of these for a formula, whoever wrote it."""
    shown = visible(text)
    return f"'{shown}" if shown.startswith(("=", "+", "-", "@")) else shown
