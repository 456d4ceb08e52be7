"""What people read in the terminal about recalls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from takeback.cli.tongue import Said, cell, moment, n, number, t, theirs
from takeback.cli.words import table
from takeback.flows.restore import Restored
from takeback.i18n.language import words
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
    Status.RUNNING: words("Recall {id} of {message}: not over yet; a copy that arrives until {until} is still caught."),
    Status.WAITING: words("Recall {id} of {message} waits: a second person must confirm it, with {command}."),
    Status.DONE: words("Recall {id} of {message}: over."),
    Status.DRY_RUN: words("Dry run for {message}: nothing was changed. This is what a recall would come to now."),
}


def counted(counts: Mapping[Outcome, int]) -> Table:
    """How many people have come to what; drawn again and again while a recall runs."""
    shown = Table.grid(padding=(0, 2))
    shown.add_column(justify="right")
    for outcome in Outcome:
        if counts.get(outcome):
            shown.add_row(cell(number(counts[outcome]), STYLES[outcome]), cell(t(WORDS[outcome])))
    return shown


def in_a_line(message: str, counts: Mapping[Outcome, int]) -> Said:
    """`1nm…  recall: recalled, unread (1); already read, left alone (1)`"""
    said = [
        t("{what} ({more})", what=t(WORDS[outcome]), more=number(counts[outcome]))
        for outcome in Outcome
        if counts.get(outcome)
    ]
    return t("{message}  recall: {outcomes}", message=message, outcomes=Said(t("; ").join(said)))


def report(told: Report, full: bool) -> list[Table | Text]:
    """The totals, and who is in which."""
    shown = told if full else for_sender(told)
    command = theirs(f"takeback confirm {shown.id}")
    until = moment(shown.watch_until)
    heading = t(_STATUS_WORDS[shown.status], id=shown.id, message=shown.message, until=until, command=command)
    parts: list[Table | Text] = [Text(heading), Text(), counted(shown.counts)]
    if shown.correction is not None:
        parts += [Text(), Text(_corrected(shown.correction, shown.status))]
    if full or shown.status is not Status.DRY_RUN:
        parts += [Text(), _recipients(shown.recipients, full)]
    return parts


def _corrected(correction: CorrectionReport, status: Status) -> Said:
    if correction.message is not None:
        return t(
            "Correction {message}: sent to recipients who were not reached ({recipients}).",
            message=correction.message,
            recipients=number(correction.recipients),
        )
    return t("No correction was sent.") if status is Status.DONE else t("Correction: sent when the recall is over.")


def _recipients(recipients: Sequence[RecipientReport], full: bool) -> Table:
    shown = table(t("Recipient"), t("Person"), t("Outcome"), t("When"))
    left = _LISTED
    for recipient in recipients:
        address = cell(recipient.address)
        people = recipient.people if full else []
        for person in people[:left]:
            name = "" if person.address == recipient.address else person.address
            shown.add_row(address, cell(name), cell(_said(person)), cell(moment(person.at)))
        if not people and left > 0:
            shown.add_row(address, "", cell(_recipient_said(recipient)), cell(moment(_at(recipient))))
        left -= max(1, len(people))
    if left < 0:
        more = n("{number} more; --csv and --json list all.", "{number} more; --csv and --json list all.", -left)
        shown.add_row("…", "", cell(more), "")
    return shown


def _said(person: PersonReport) -> Text:
    return _with_detail(_sentence(person.outcome, person.reason), person.detail)


def _with_detail(text: Text, detail: str) -> Text:
    if detail:
        text.append(f" ({theirs(detail, 200)})", "dim")
    return text


def _recipient_said(recipient: RecipientReport) -> Text:
    person = recipient.worst_person if recipient.own is None else None
    return _sentence(recipient.outcome, person.reason if person else recipient.reason)


def _at(recipient: RecipientReport) -> int:
    person = recipient.worst_person if recipient.own is None else None
    return person.at if person else recipient.at


def _sentence(outcome: Outcome, reason: Reason) -> Text:
    text = Text(t(WORDS[outcome]), style=STYLES[outcome])
    if reason in REASON_WORDS:
        text.append(f"{t('; ')}{t(REASON_WORDS[reason])}", "default")
    return text


def restored(told: Restored) -> Text:
    line = Text(f"{theirs(told.address)}: ")
    line.append(_sentence(told.outcome, told.reason))
    return _with_detail(line, told.detail)


def for_a_cell(text: str) -> str:
    """A spreadsheet takes a cell that begins with one of these for a formula, whoever wrote it."""
    shown = visible(text)
    return f"'{shown}" if shown.startswith(("=", "+", "-", "@")) else shown
