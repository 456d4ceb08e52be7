"""Notices to a sender whose message was kept instead of being sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from takeback.clock import Instant
from takeback.mail import wording
from takeback.mail.compose import Heading, SystemMail, heading, moment, text_part, verbatim
from takeback.mail.wording import Both

_MOST_LISTED = 100
_LONGEST_SUBJECT = 200


class Occasion(StrEnum):
    """Why a message was kept."""

    LATE = "late"
    """It came due while Takeback was down."""
    CLOCK_STEP = "clock_step"
    """The clock jumped."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One kept message. `to` is its sender, `message` the id that Takeback gave it, `recipients` those who are kept
    waiting (at least one), `due_at` when it was to leave if that is known, `message_id` a new one for the notice."""

    occasion: Occasion
    to: str
    hostname: str
    message_id: str
    now: Instant
    message: str
    recipients: Sequence[str]
    subject: str = ""
    due_at: Instant | None = None


_REASONS = {
    Occasion.LATE: wording.KEPT_LATE,
    Occasion.CLOCK_STEP: wording.KEPT_AFTER_CLOCK_STEP,
}


def kept(facts: Kept) -> SystemMail:
    """A plain message in English and Arabic that says what was kept, why, and how to send or stop it. The subject is
    shown to the one who wrote it, in the text only. Of more than a hundred recipients the first hundred are listed."""
    about = Heading(
        to=facts.to,
        hostname=facts.hostname,
        message_id=facts.message_id,
        now=facts.now,
        subject=" / ".join(wording.KEPT_SUBJECT),
        auto_submitted="auto-generated",
    )
    paragraphs = _paragraphs(facts)
    entity = text_part([both.english for both in paragraphs], [both.arabic for both in paragraphs])
    return SystemMail(heading(about) + entity, smtputf8=not facts.to.isascii())


def _paragraphs(facts: Kept) -> list[Both]:
    listed = facts.recipients[:_MOST_LISTED]
    said = [_REASONS[facts.occasion]]
    if facts.subject:
        said += _quoted(wording.SUBJECT, facts.subject[:_LONGEST_SUBJECT])
    if facts.due_at is not None:
        said += _quoted(wording.DUE_AT, moment(facts.due_at))
    said += _quoted(wording.KEPT_FOR.of(len(facts.recipients)), *listed)
    if len(facts.recipients) > len(listed):
        said += _quoted(wording.MORE_ADDRESSES, str(len(facts.recipients) - len(listed)))
    said += _quoted(wording.TO_SEND, f"takeback release {facts.message}")
    said += _quoted(wording.TO_STOP, f"takeback undo {facts.message}")
    return [*said, wording.UNTIL_THEN]


def _quoted(words: Both, *lines: str) -> list[Both]:
    text = verbatim(lines)
    return [words, Both(text, text)]
