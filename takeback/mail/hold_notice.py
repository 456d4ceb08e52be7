"""The notice that a message is held, with the link that stops it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from takeback.clock import Instant
from takeback.i18n.language import Language, language
from takeback.mail.compose import Heading, SystemMail, heading, moment, text_part, verbatim

_MOST_LISTED = 20
_LONGEST_SUBJECT = 200


@dataclass(frozen=True, slots=True)
class Held:
    """One held message. `to` is its sender, `until` when the first copy leaves (None: when somebody releases it),
    `link` the address of the page that asks before it stops the message, `message_id` a new one for the notice."""

    to: str
    hostname: str
    message_id: str
    original_message_id: str
    now: Instant
    recipients: Sequence[str]
    subject: str
    until: Instant | None
    link: str


def notice(facts: Held) -> SystemMail:
    """A short message in English and Arabic to the one who wrote the held message, and so knows its subject."""
    words = [language("en"), language("ar")]
    about = Heading(
        to=facts.to,
        hostname=facts.hostname,
        message_id=facts.message_id,
        now=facts.now,
        subject=" / ".join(each.text("Your message is held, and can be stopped") for each in words),
        auto_submitted="auto-generated",
        in_reply_to=facts.original_message_id,
    )
    return SystemMail(heading(about) + text_part(*(_paragraphs(facts, each) for each in words)), not facts.to.isascii())


def _paragraphs(facts: Held, words: Language) -> list[str]:
    listed = list(facts.recipients[:_MOST_LISTED])
    if more := len(facts.recipients) - len(listed):
        listed.append(words.count("and {number} more", "and {number} more", more))
    said = [words.text("It is held for:"), verbatim(listed)]
    if facts.subject:
        said += [words.text("Its subject:"), verbatim([facts.subject[:_LONGEST_SUBJECT]])]
    if facts.until is None:
        said.append(words.text("It leaves when you release it."))
    else:
        said += [words.text("It leaves at:"), verbatim([moment(facts.until)])]
    return [*said, words.text("To stop it, open this page and press the button:"), verbatim([facts.link])]
