"""A message as the outbox shows it: what it is, when it leaves, and what can be done about it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from markupsafe import Markup

from takeback.clock import SECOND, Duration, Instant
from takeback.hold.states import IN_HAND, STOPPABLE, WAITING, State
from takeback.ports.store import FindingView, MessageView, Origin, RecipientView
from takeback.review.policy import Effect
from takeback.web import phrases
from takeback.web.speech import Speech, isolated

_NAMED = 3
"""So many recipients are named; the rest are counted."""
LEFT = frozenset({State.SENT, State.UNKNOWN, State.LET_BE, State.LEAVING})
"""Of a copy in one of these a recall is worth asking for."""
CHOSEN_AT_MOST = 12
"""Up to so many recipients can be chosen among on the outbox; the message's own page has them all."""
_SUBJECT = 200
_NAME = 80
_REASON = 500


class Tone(StrEnum):
    """How a row looks."""

    WAITING = "waiting"
    DOUBT = "doubt"
    STOPPED = "stopped"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Countdown:
    """Until when, how long there is in words, and how much of the window is spent (of 1000)."""

    due_at: int
    since: int
    said: str
    spent: int


@dataclass(frozen=True, slots=True)
class RecipientRow:
    """`address` is as the envelope has it, for forms; `shown` is for people."""

    address: str
    shown: Markup
    state: State
    said: Markup
    reply: Markup
    at: Markup
    countdown: Countdown | None
    stoppable: bool


@dataclass(frozen=True, slots=True)
class Row:
    id: str
    title: Markup
    """The subject, or why there is none."""
    tone: Tone
    report: bool
    """Whether it is one of our own messages, which nobody has written and nobody needs to stop."""
    to: Sequence[Markup]
    """The first recipients, and how many more there are."""
    size: str
    accepted: Markup
    countdown: Countdown | None
    """Until the first copy leaves by itself."""
    waits: bool
    """Whether some copy waits until somebody sends it."""
    counts: Sequence[tuple[State, int, Markup]]
    choices: Sequence[RecipientRow]
    """Those that undo can still stop, if there are several and not too many to choose among here."""
    stoppable: int
    sendable: int
    unknown: Sequence[str]
    """Addresses of which nobody knows whether their copy has left."""
    attachments: Sequence[Markup]
    findings: Sequence[Doubt]
    """Likely mistakes, the worst first."""
    recallable: bool
    """Whether some copy has left, or may have."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A likely mistake in a sentence; `code` is what "this is fine" names. `holds`: the message waits longer for it."""

    code: str
    said: Markup
    holds: bool
    settled: bool
    """Whether somebody has said what it was."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What is known of a message besides its envelope."""

    attachments: Sequence[str] = ()
    hides_subject: bool = False
    """Whether the person may see the envelope only."""


def row(view: MessageView, now: Instant, speech: Speech, beside: Beside | None = None) -> Row:
    beside = beside or Beside()
    stoppable = [each for each in view.recipients if each.state in STOPPABLE]
    waiting = [each for each in view.recipients if each.state in WAITING]
    choices = stoppable if 1 < len(view.recipients) <= CHOSEN_AT_MOST else []
    return Row(
        id=view.id,
        title=title(view, speech, beside.hides_subject),
        tone=tone(view.recipients),
        report=view.origin is Origin.SYSTEM,
        to=_named(view.recipients, speech),
        size=speech.size(view.size),
        accepted=speech.recently(view.accepted_at, now),
        countdown=_first_to_leave(waiting, view.accepted_at, now, speech),
        waits=any(each.due_at is None for each in waiting),
        counts=counts(view.recipients, speech),
        choices=[recipient_row(each, now, speech) for each in choices],
        stoppable=len(stoppable),
        sendable=len(waiting),
        unknown=[each.address for each in view.recipients if each.state is State.UNKNOWN],
        attachments=[isolated(name, _NAME) for name in beside.attachments],
        findings=[] if beside.hides_subject else [_doubt(each, speech) for each in view.findings],
        recallable=any(each.state in LEFT for each in view.recipients),
    )


def recipient_row(recipient: RecipientView, now: Instant, speech: Speech) -> RecipientRow:
    waiting = [recipient] if recipient.state in WAITING else []
    return RecipientRow(
        address=recipient.address,
        shown=isolated(recipient.address),
        state=recipient.state,
        said=phrases.state(recipient.state, speech),
        reply=isolated(recipient.reply, 500) if recipient.reply else Markup(),
        at=speech.recently(recipient.at, now),
        countdown=_first_to_leave(waiting, recipient.at, now, speech),
        stoppable=recipient.state in STOPPABLE,
    )


def title(view: MessageView, speech: Speech, hidden: bool = False) -> Markup:
    if hidden:
        return speech.t("(subject not shown)")
    return isolated(view.subject, _SUBJECT) if view.subject.strip() else speech.t("(no subject)")


def tone(recipients: Sequence[RecipientView]) -> Tone:
    """What needs the person's eye decides."""
    states = {each.state for each in recipients}
    if State.UNKNOWN in states:
        return Tone.DOUBT
    if states & (WAITING | IN_HAND):
        return Tone.WAITING
    return Tone.STOPPED if states == {State.UNDONE} else Tone.OVER


def counts(recipients: Sequence[RecipientView], speech: Speech) -> list[tuple[State, int, Markup]]:
    """How many are in which state, in the order in which states follow each other."""
    counted = Counter(each.state for each in recipients)
    return [(state, counted[state], phrases.state(state, speech)) for state in State if counted[state]]


def _named(recipients: Sequence[RecipientView], speech: Speech) -> list[Markup]:
    named = [isolated(each.address) for each in recipients[:_NAMED]]
    others = len(recipients) - len(named)
    return [*named, speech.n("{number} other", "{number} others", others)] if others else named


def _first_to_leave(waiting: Sequence[RecipientView], since: Instant, now: Instant, speech: Speech) -> Countdown | None:
    due = [each.due_at for each in waiting if each.due_at is not None]
    if not due:
        return None
    first = min(due)
    return Countdown(
        due_at=-(-first // SECOND),
        since=since // SECOND,
        said=speech.ahead(first - now),
        spent=_spent(now - since, first - since),
    )


def _spent(passed: Duration, whole: Duration) -> int:
    return 1000 if whole <= 0 else max(0, min(1000, 1000 * passed // whole))


def _doubt(found: FindingView, speech: Speech) -> Doubt:
    reason = found.finding.reason
    return Doubt(
        code=found.finding.code,
        said=isolated(reason.said(speech.language.code), _REASON),
        holds=found.effect != Effect.SHOWN,
        settled=bool(found.judgement),
    )
