"""The notice to a sender whose message waits longer, because it may hold a mistake. It never repeats the subject."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from takeback.clock import Instant
from takeback.i18n.language import Language, language
from takeback.mail.command import NAMES
from takeback.mail.compose import Heading, SystemMail, heading, moment, text_part, verbatim

MOST_REASONS = 3
"""Worst first. Who reads more than that reads none."""
_MOST_LISTED = 20
_SUBJECT = "Look at your message once more before it leaves"


class Doubt(NamedTuple):
    """One reason in both languages, and the code by which it is called fine."""

    code: str
    english: str
    arabic: str


@dataclass(frozen=True, slots=True)
class HeldLonger:
    """A message that waits until `due_at` (None: until it is released) for `recipients`, and why, worst first.
    `message_id` is its own, by which a reply to the notice names it."""

    message: str
    message_id: str
    recipients: Sequence[str]
    doubts: Sequence[Doubt]
    due_at: Instant | None


def held_longer(facts: HeldLonger, to: str, hostname: str, message_id: str, now: Instant) -> SystemMail:
    """A plain message in English and Arabic that says what was found, and how to stop or send it or call it fine. A
    reply to it is a command (`takeback.mail.command`) about that message."""
    english, arabic = language("en"), language("ar")
    about = Heading(
        to=to,
        hostname=hostname,
        message_id=message_id,
        now=now,
        subject=f"{english.text(_SUBJECT)} / {arabic.text(_SUBJECT)}",
        auto_submitted="auto-generated",
        in_reply_to=facts.message_id,
        reply_to=f"{NAMES[0]}@{hostname}",
    )
    entity = text_part(
        _paragraphs(facts, english, [doubt.english for doubt in facts.doubts]),
        _paragraphs(facts, arabic, [doubt.arabic for doubt in facts.doubts]),
    )
    return SystemMail(heading(about) + entity, smtputf8=not to.isascii())


def _paragraphs(facts: HeldLonger, words: Language, reasons: Sequence[str]) -> list[str]:
    said = [words.text("Your message has not left yet. It may hold a mistake:"), verbatim(reasons[:MOST_REASONS])]
    if facts.due_at is None:
        said.append(words.text("It stays held until you release it."))
    else:
        said += [words.text("It leaves by itself at:"), verbatim([moment(facts.due_at)])]
    listed = facts.recipients[:_MOST_LISTED]
    said += [words.text("It waits for:"), verbatim(listed)]
    if further := len(facts.recipients) - len(listed):
        said.append(words.count("and {number} further address.", "and {number} further addresses.", further))
    codes = dict.fromkeys(doubt.code for doubt in facts.doubts[:MOST_REASONS])
    said += [words.text("To stop it:"), verbatim([f"takeback undo {facts.message}"])]
    said += [words.text("To send it now:"), verbatim([f"takeback release {facts.message}"])]
    said += [
        words.text("To call a doubt unfounded, so that it does not come again:"),
        verbatim([f"takeback review fine {facts.message} {code}" for code in codes]),
        words.text("Or answer this mail with one word: “undo”, “send” or “fine”."),
    ]
    return said
