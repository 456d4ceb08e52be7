"""What a recall says by mail: one summary to the sender when it is over, and, where policy asks for it, a line to a
recipient. Neither repeats the subject: a notice that names it invites to look for the message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from takeback.clock import Instant
from takeback.i18n.language import Language, languages
from takeback.mail.compose import Heading, SystemMail, heading, moment, text_part, verbatim

_MOST_LISTED = 100


@dataclass(frozen=True, slots=True)
class Group:
    """Recipients to whom the same happened. `words` are English and in the catalogue."""

    words: str
    addresses: Sequence[str]


@dataclass(frozen=True, slots=True)
class Summary:
    """The end of one recall. `to` is the message's sender, `message` the id that Takeback gave it, `message_id` a
    new one for the summary."""

    to: str
    hostname: str
    message_id: str
    now: Instant
    message: str
    groups: Sequence[Group]


@dataclass(frozen=True, slots=True)
class Notice:
    """To a recipient: a message of `author` was taken back, or was to be and stays, because it had been read."""

    to: str
    hostname: str
    message_id: str
    now: Instant
    author: str
    removed: bool


def summary(facts: Summary) -> SystemMail:
    about = Heading(
        to=facts.to,
        hostname=facts.hostname,
        message_id=facts.message_id,
        now=facts.now,
        subject=" / ".join(language.text("Your recall is over") for language in _both()),
        auto_submitted="auto-generated",
    )
    english, arabic = (_summary_in(language, facts) for language in _both())
    return SystemMail(heading(about) + text_part(english, arabic), smtputf8=not facts.to.isascii())


def _summary_in(language: Language, facts: Summary) -> list[str]:
    said = [language.text("This is what became of your recall, recipient by recipient:")]
    for group in facts.groups:
        listed = group.addresses[:_MOST_LISTED]
        said.append(f"{language.text(group.words)} ({language.number(len(group.addresses))}):")
        said.append(verbatim(listed))
        if len(group.addresses) > len(listed):
            more = len(group.addresses) - len(listed)
            said.append(language.count("and {number} more address", "and {number} more addresses", more))
    said.append(language.text("The whole report:"))
    said.append(verbatim([f"takeback recalls {facts.message}"]))
    return said


def notice(facts: Notice) -> SystemMail:
    about = Heading(
        to=facts.to,
        hostname=facts.hostname,
        message_id=facts.message_id,
        now=facts.now,
        subject=" / ".join(language.text("A message was recalled by its sender") for language in _both()),
        auto_submitted="auto-generated",
    )
    english, arabic = (_notice_in(language, facts) for language in _both())
    return SystemMail(heading(about) + text_part(english, arabic), smtputf8=not facts.to.isascii())


def _notice_in(language: Language, facts: Notice) -> list[str]:
    words = (
        language.text("This sender has recalled a message to you, and it was removed from your mailbox:")
        if facts.removed
        else language.text("This sender has recalled a message to you. You had read it, so it was left where it is:")
    )
    return [words, verbatim([facts.author, moment(facts.now)])]


def _both() -> tuple[Language, Language]:
    known = languages()
    return known["en"], known["ar"]
