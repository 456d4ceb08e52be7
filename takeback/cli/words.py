"""What people read in the terminal: tables, countdowns, and answers in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from takeback.cli.tongue import Said, cell, duration, listed, moment, n, number, spoken, t, theirs, time_of_day
from takeback.clock import SECOND, Duration, Instant
from takeback.flows.ask import Told
from takeback.hold.states import State
from takeback.i18n.language import forms, words
from takeback.ports.store import EventView, FindingView, MessageView, Origin, RecipientView
from takeback.recall.outcomes import REASON_WORDS, WORDS
from takeback.review.finding import Where

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
    for name, keep in (
        (t("Message"), True),
        (t("Leaves in"), True),
        (t("State"), True),
        (t("To"), False),
        (t("Subject"), False),
    ):
        table.add_column(cell(name), no_wrap=keep, overflow="ellipsis" if keep else "fold")
    for view in views:
        table.add_row(
            cell(view.id),
            cell(leaves_in(view.recipients, now)),
            cell(states(view.recipients)),
            cell(_some_addresses([each.address for each in view.recipients])),
            cell(_subject(view)),
        )
    return table


def _subject(view: MessageView) -> Text:
    """What our own reports are about is not what the person has written, and must not look like it."""
    subject = subject_of(view, _SUBJECT_WIDTH)
    if view.origin is Origin.SYSTEM:
        return Text(t("(report) {subject}", subject=subject), style="dim")
    if not view.findings:
        return Text(subject)
    worst = theirs(view.findings[0].finding.code, 40)
    return Text.assemble((f"[{worst}] ", "bold yellow"), subject)


def subject_of(view: MessageView, limit: int | None = None) -> Said:
    if view.withheld:
        return t("(not shown to you)")
    return theirs(view.subject, limit) if view.subject else t("(no subject)")


def leaves_in(recipients: Sequence[RecipientView], now: Instant) -> Text:
    """Until the first copy leaves."""
    waiting = _waiting(recipients)
    if not waiting:
        return Text("-", style="dim")
    left = _left(waiting, now)
    return Text(t("when released"), style="dim") if left is None else Text(duration(left))


def leaving(recipients: Sequence[RecipientView], now: Instant) -> Said:
    """`leaves in 30s`, `leaves when released`; nothing where nothing waits."""
    waiting = _waiting(recipients)
    if not waiting:
        return Said()
    left = _left(waiting, now)
    return t("leaves when released") if left is None else t("leaves in {time}", time=duration(left))


def _waiting(recipients: Sequence[RecipientView]) -> list[RecipientView]:
    return [each for each in recipients if each.state in (State.HELD, State.DEFERRED)]


def _left(waiting: Sequence[RecipientView], now: Instant) -> Duration | None:
    """Until the first is due; None where all wait until they are released."""
    due = [each.due_at for each in waiting if each.due_at is not None]
    # Rounded up, so that the last second is shown as 1 s and not as none.
    return max(0, min(due) - now + SECOND - 1) if due else None


def states(recipients: Sequence[RecipientView]) -> Text:
    counted: dict[State, int] = {}
    for each in recipients:
        counted[each.state] = counted.get(each.state, 0) + 1
    parts = [
        Text(
            t(state.value)
            if count == len(recipients)
            else t("{number} {state}", number=number(count), state=t(state.value)),
            style=STYLES[state],
        )
        for state, count in counted.items()
    ]
    return Text(t(", ")).join(parts)


def message(view: MessageView, events: Sequence[EventView], now: Instant) -> list[Table | Text]:
    """One message, whole."""
    facts = Table.grid(padding=(0, 2))
    for name, value in (
        (t("Message"), theirs(view.id)),
        ("Message-ID", theirs(view.message_id) if view.message_id else t("(none)")),
        (t("From"), theirs(view.sender)),
        (t("Subject"), subject_of(view)),
        (t("Accepted"), moment(view.accepted_at)),
        (t("Size"), spoken().size(view.size)),
        (t("Account"), theirs(view.account)),
    ):
        facts.add_row(cell(name, "bold"), cell(Said(value)))
    return [facts, *_findings(view.findings), Text(), _recipients(view.recipients, now), Text(), _events(events)]


_MOST_REASONS = 3
"""The worst ones: who is shown more reads none."""
_EFFECTS = {"shown": words("shown only"), "held": words("holds longer"), "kept": words("holds until released")}
_JUDGEMENTS = {"right": words("right"), "wrong": words("wrong")}


def _findings(findings: Sequence[FindingView]) -> list[Table | Text]:
    if not findings:
        return []
    shown = table(t("Likely mistake"), t("Why"), t("Where"), t("Likely"), t("Effect"))
    for each in findings[:_MOST_REASONS]:
        shown.add_row(
            cell(theirs(each.finding.code), "bold yellow"),
            cell(theirs(each.finding.reason.said(spoken().code))),
            cell(_place(each.finding.where)),
            cell(f"{each.finding.probability:.0%}"),
            cell(_effect(each)),
        )
    more = len(findings) - _MOST_REASONS
    rest = n("and {number} less likely; --json lists all", "and {number} less likely; --json lists all", more)
    return [Text(), shown, *([Text(rest, style="dim")] if more > 0 else [])]


def _effect(view: FindingView) -> Said:
    effect = t(_EFFECTS[view.effect]) if view.effect in _EFFECTS else theirs(view.effect)
    if not view.judgement:
        return effect
    judgement = t(_JUDGEMENTS[view.judgement]) if view.judgement in _JUDGEMENTS else theirs(view.judgement)
    return t("{what} ({more})", what=effect, more=judgement)


def _place(where: Where) -> Said:
    line = None if where.line is None else t("line {number}", number=number(where.line))
    named = [theirs(each) for each in (where.recipient, where.attachment) if each]
    return listed([*named, *([line] if line else [])])


def _recipients(recipients: Sequence[RecipientView], now: Instant) -> Table:
    shown = table(t("Recipient"), t("State"), t("Leaves in"), t("Since"), t("Reply"))
    for each in recipients:
        shown.add_row(
            cell(each.address),
            cell(t(each.state.value), STYLES[each.state]),
            cell(leaves_in([each], now)),
            cell(moment(each.at)),
            cell(each.reply),
        )
    return shown


def _events(events: Sequence[EventView]) -> Table:
    shown = table(t("When"), t("What"), t("Who"), t("Recipient"), t("Detail"))
    for event in events:
        known = {name: value for name, value in event.detail.items() if value not in ("", None)}
        details = [t("{name}: {value}", name=_named(name), value=_said(name, value)) for name, value in known.items()]
        shown.add_row(
            cell(moment(event.at)),
            cell(_kind(event.kind)),
            cell(event.actor),
            cell(event.recipient or ""),
            cell(listed(details)),
        )
    return shown


KINDS = (
    words("accepted"),
    words("release"),
    words("hold"),
    words("send_again"),
    words("restored"),
    words("late"),
    words("clock_step"),
    words("reviewed"),
    words("unreviewed"),
    words("content_read"),
    words("dropped"),
    words("sent_copy"),
    words("sent_anew"),
    words("fine"),
    words("recall"),
    words("recall_confirmed"),
    words("dry_run"),
)
"""Of events, besides states. One that is not here is told by its own name."""
DETAILS = (
    words("client"),
    words("due_at"),
    words("reply"),
    words("server"),
    words("recipients"),
    words("size"),
    words("hold_reason"),
    words("outcome"),
    words("reason"),
    words("findings"),
    words("score"),
    words("codes"),
    words("also_read"),
)
"""Names in the details of events; the same."""


_OUTCOMES: Mapping[str, str] = {outcome.value: said for outcome, said in WORDS.items()}
_REASONS: Mapping[str, str] = {reason.value: said for reason, said in REASON_WORDS.items()}


def _named(name: str) -> Said:
    """What we call it; nobody else gives such names, unless a gateway elsewhere does."""
    known = spoken().text(name)
    return Said(known) if known != name else theirs(name)


def _kind(kind: str) -> Said:
    """`sent`; `recall: already read, left alone`"""
    _, recall, outcome = kind.partition("recall_")
    if recall and outcome in _OUTCOMES:
        return t("{name}: {value}", name=t("recall"), value=t(_OUTCOMES[outcome]))
    return _named(kind)


def _said(name: str, value: object) -> Said:
    match value:
        case bool():
            return t("yes") if value else t("no")
        case int() if name == "due_at":
            return moment(value)
        case str() if name == "reason" and value in _REASONS:
            return t(_REASONS[value])
        case list():
            return theirs(" ".join(map(str, value)))
        case dict():
            return theirs("; ".join(f"{part} {each}" for part, each in value.items()))
        case _:
            return theirs(str(value))


def undone(told: Told) -> Said:
    """`Stopped for 3 recipients: a@x.example, … Too late for 2 recipients: b@x.example sent at 14:03:07 (250 Ok); …`"""
    said = []
    if told.done:
        who = _some_addresses([each.address for each in told.done])
        said.append(
            n(
                "Stopped for {number} recipient: {who}.",
                "Stopped for {number} recipients: {who}.",
                len(told.done),
                who=who,
            )
        )
    return _sentences([*said, *_too_late(told.refused)])


def released(told: Told) -> Said:
    said = []
    if told.done:
        said.append(n("On its way to {number} recipient.", "On its way to {number} recipients.", len(told.done)))
    if told.refused:
        said.append(n(*_NOTHING_FOR, len(told.refused), what=_what_happened(told.refused)))
    return _sentences(said)


def held(told: Told) -> Said:
    return _sentences([*_kept(told.done), *_too_late(told.refused)])


_NOTHING_FOR = forms(
    "Nothing to send for {number} recipient: {what}.", "Nothing to send for {number} recipients: {what}."
)
_TOO_LATE_FOR = forms("Too late for {number} recipient: {what}.", "Too late for {number} recipients: {what}.")
_KEPT = forms("Held for {number} recipient until released.", "Held for {number} recipients until released.")
_KEPT_UNTIL = forms("Held for {number} recipient until {time}.", "Held for {number} recipients until {time}.")


def _kept(recipients: Sequence[RecipientView]) -> list[Said]:
    if not recipients:
        return []
    due_at = recipients[0].due_at
    if due_at is None:
        return [n(*_KEPT, len(recipients))]
    return [n(*_KEPT_UNTIL, len(recipients), time=moment(due_at))]


def _too_late(recipients: Sequence[RecipientView]) -> list[Said]:
    return [n(*_TOO_LATE_FOR, len(recipients), what=_what_happened(recipients))] if recipients else []


def _sentences(said: Sequence[Said]) -> Said:
    return Said(" ".join(said))


_HAPPENED = {
    State.SENT: words("{address} sent at {at}"),
    State.LEAVING: words("{address} being handed over since {at}"),
    State.UNKNOWN: words("{address} handed over without an answer at {at}"),
    State.LET_BE: words("{address} handed over without an answer, and left alone from {at} on"),
    State.FAILED: words("{address} refused at {at}"),
    State.UNDONE: words("{address} stopped at {at}"),
}
"""A state that is not named here is told by its own name."""


def _what_happened(recipients: Sequence[RecipientView]) -> Said:
    told = [_became(each) for each in recipients[:_LISTED]]
    return Said(t("; ").join(told) + _and_more(len(recipients)))


def _became(recipient: RecipientView) -> Said:
    at = time_of_day(recipient.at)
    happened = _HAPPENED.get(recipient.state, words("{address} {state}"))
    what = t(happened, address=recipient.address, state=t(recipient.state.value), at=at)
    return t("{what} ({more})", what=what, more=theirs(recipient.reply, 100)) if recipient.reply else what


def _some_addresses(addresses: Sequence[str]) -> Said:
    return Said(listed([theirs(address) for address in addresses[:_LISTED]]) + _and_more(len(addresses)))


def _and_more(count: int) -> Said:
    more = count - _LISTED
    return Said(f" {n('and {number} more', 'and {number} more', more)}") if more > 0 else Said()


def table(*names: Said) -> Table:
    """A table with a heading for each column and nothing in it."""
    empty = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in names:
        empty.add_column(cell(name))
    return empty
