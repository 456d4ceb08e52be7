"""What people read in the terminal: tables, countdowns, and answers in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich import box
from rich.table import Table
from rich.text import Text

from takeback.clock import SECOND, Instant, to_datetime
from takeback.flows.ask import Told
from takeback.hold.states import State
from takeback.ports.store import EventView, FindingView, MessageView, Origin, RecipientView
from takeback.quantities import format_duration, format_size
from takeback.review.finding import Where
from takeback.visible import visible

STYLES = {
    State.HELD: "cyan",
    State.CLAIMED: "yellow",
    State.LEAVING: "yellow",
    State.DEFERRED: "yellow",
    State.SENT: "green",
    State.FAILED: "red",
    State.UNKNOWN: "bold red",
    State.LET_BE: "dim",
    State.UNDONE: "bold green",
}
_SUBJECT_WIDTH = 48
_LISTED = 3


def outbox(views: Sequence[MessageView], now: Instant) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for name, keep in (("Message", True), ("Leaves in", True), ("State", True), ("To", False), ("Subject", False)):
        table.add_column(name, no_wrap=keep, overflow="ellipsis" if keep else "fold")
    for view in views:
        table.add_row(
            view.id,
            leaves_in(view.recipients, now),
            states(view.recipients),
            Text(_some_addresses([each.address for each in view.recipients])),
            _subject(view),
        )
    return table


def _subject(view: MessageView) -> Text:
    """What our own reports are about is not what the person has written, and must not look like it."""
    if view.origin is Origin.SYSTEM:
        return Text(f"(report) {visible(view.subject, _SUBJECT_WIDTH)}", style="dim")
    subject = Text(visible(subject_of(view), _SUBJECT_WIDTH))
    if not view.findings:
        return subject
    worst = view.findings[0].finding.code
    return Text.assemble((f"[{visible(worst, 40)}] ", "bold yellow"), subject)


def subject_of(view: MessageView) -> str:
    if view.withheld:
        return "(not shown to you)"
    return view.subject or "(no subject)"


def leaves_in(recipients: Sequence[RecipientView], now: Instant) -> Text:
    """Until the first copy leaves."""
    waiting = [each for each in recipients if each.state in (State.HELD, State.DEFERRED)]
    if not waiting:
        return Text("-", style="dim")
    due = [each.due_at for each in waiting if each.due_at is not None]
    if not due:
        return Text("when released", style="dim")
    # Rounded up, so that the last second is shown as 1 s and not as none.
    return Text(format_duration(max(0, min(due) - now + SECOND - 1)))


def states(recipients: Sequence[RecipientView]) -> Text:
    counted: dict[State, int] = {}
    for each in recipients:
        counted[each.state] = counted.get(each.state, 0) + 1
    parts = [
        Text(state.value if count == len(recipients) else f"{count} {state.value}", style=STYLES[state])
        for state, count in counted.items()
    ]
    return Text(", ").join(parts)


def message(view: MessageView, events: Sequence[EventView], now: Instant) -> list[Table | Text]:
    """One message, whole."""
    facts = Table.grid(padding=(0, 2))
    for name, value in (
        ("Message", view.id),
        ("Message-ID", view.message_id or "(none)"),
        ("From", view.sender),
        ("Subject", subject_of(view)),
        ("Accepted", local(view.accepted_at)),
        ("Size", format_size(view.size)),
        ("Account", view.account),
    ):
        facts.add_row(Text(name, style="bold"), Text(visible(value)))
    return [facts, *_findings(view.findings), Text(), _recipients(view.recipients, now), Text(), _events(events)]


_MOST_REASONS = 3
"""The worst ones: who is shown more reads none."""
_EFFECTS = {"shown": "shown only", "held": "holds longer", "kept": "holds until released"}


def _findings(findings: Sequence[FindingView]) -> list[Table | Text]:
    if not findings:
        return []
    table = Table("Likely mistake", "Why", "Where", "Likely", "Effect", box=box.SIMPLE_HEAD, pad_edge=False)
    for each in findings[:_MOST_REASONS]:
        table.add_row(
            Text(visible(each.finding.code), style="bold yellow"),
            Text(visible(each.finding.reason.en)),
            Text(visible(_place(each.finding.where))),
            f"{each.finding.probability:.0%}",
            _EFFECTS.get(each.effect, each.effect) + (f" ({each.judgement})" if each.judgement else ""),
        )
    more = len(findings) - _MOST_REASONS
    return [Text(), table, *([Text(f"and {more} less likely; --json lists all", style="dim")] if more > 0 else [])]


def _place(where: Where) -> str:
    line = None if where.line is None else f"line {where.line}"
    return ", ".join(each for each in (where.recipient, where.attachment, line) if each)


def _recipients(recipients: Sequence[RecipientView], now: Instant) -> Table:
    table = Table("Recipient", "State", "Leaves in", "Since", "Reply", box=box.SIMPLE_HEAD, pad_edge=False)
    for each in recipients:
        table.add_row(
            Text(visible(each.address)),
            Text(each.state.value, style=STYLES[each.state]),
            leaves_in([each], now),
            local(each.at),
            Text(visible(each.reply)),
        )
    return table


def _events(events: Sequence[EventView]) -> Table:
    table = Table("When", "What", "Who", "Recipient", "Detail", box=box.SIMPLE_HEAD, pad_edge=False)
    for event in events:
        known = {name: value for name, value in event.detail.items() if value not in ("", None)}
        detail = ", ".join(f"{name}: {_said(name, value)}" for name, value in known.items())
        table.add_row(
            local(event.at),
            event.kind,
            Text(visible(event.actor)),
            Text(visible(event.recipient or "")),
            Text(visible(detail)),
        )
    return table


def _said(name: str, value: object) -> str:
    match value:
        case int() if name == "due_at":
            return local(value)
        case list():
            return " ".join(map(str, value))
        case dict():
            return "; ".join(f"{part} {each}" for part, each in value.items())
        case _:
            return str(value)


def undone(told: Told) -> str:
    """`Stopped for 3 recipients. Too late for 2: b@x.example sent at 14:03:07 (250 Ok); …`"""
    said = []
    if told.done:
        said.append(f"Stopped for {_count(told.done)}: {_some_addresses([each.address for each in told.done])}.")
    if told.refused:
        said.append(f"Too late for {_count(told.refused)}: {_what_happened(told.refused)}.")
    return " ".join(said)


def released(told: Told) -> str:
    said = []
    if told.done:
        said.append(f"On its way to {_count(told.done)}.")
    if told.refused:
        said.append(f"Nothing to send for {_count(told.refused)}: {_what_happened(told.refused)}.")
    return " ".join(said)


def held(told: Told) -> str:
    said = []
    if told.done:
        due_at = told.done[0].due_at
        until = "until released" if due_at is None else f"until {local(due_at)}"
        said.append(f"Held for {_count(told.done)} {until}.")
    if told.refused:
        said.append(f"Too late for {_count(told.refused)}: {_what_happened(told.refused)}.")
    return " ".join(said)


_HAPPENED = {
    State.SENT: "sent at {at}",
    State.LEAVING: "being handed over since {at}",
    State.UNKNOWN: "handed over without an answer at {at}",
    State.LET_BE: "handed over without an answer, and left alone from {at} on",
    State.FAILED: "refused at {at}",
    State.UNDONE: "stopped at {at}",
}
"""A state that is not named here is told by its own name."""


def _what_happened(recipients: Sequence[RecipientView]) -> str:
    told = [
        f"{visible(each.address)} {_HAPPENED.get(each.state, each.state.value).format(at=clock_time(each.at))}"
        + (f" ({visible(each.reply, 100)})" if each.reply else "")
        for each in recipients[:_LISTED]
    ]
    return "; ".join(told) + _and_more(len(recipients))


def _some_addresses(addresses: Sequence[str]) -> str:
    return ", ".join(visible(address) for address in addresses[:_LISTED]) + _and_more(len(addresses))


def _and_more(count: int) -> str:
    return f" and {count - _LISTED} more" if count > _LISTED else ""


def _count(recipients: Sequence[RecipientView]) -> str:
    return "1 recipient" if len(recipients) == 1 else f"{len(recipients)} recipients"


def local(instant: Instant) -> str:
    return _local(instant).strftime("%Y-%m-%d %H:%M:%S")


def clock_time(instant: Instant) -> str:
    return _local(instant).strftime("%H:%M:%S")


def _local(instant: Instant) -> datetime:
    return to_datetime(instant).astimezone()
