"""What the rules about leaks share: who outside receives a message, everything it carries to them, and masking."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from takeback.review.arabic import normalised
from takeback.review.domains import is_provider
from takeback.review.finding import Where
from takeback.review.message import Addressee, Message
from takeback.review.rule import Context

MAX_CHARACTERS = 400_000
"""That one rule looks at, so that it is done within half a second whatever they are."""
_SHOWN_DOMAINS = 3


class Passage(NamedTuple):
    """A line that goes out: `text` as written, `plain` normalised. `attachment` is the name of the file it stands in,
    or empty for the message, where `line` is its number; 0 is the subject."""

    text: str
    plain: str
    line: int = 0
    attachment: str = ""

    @property
    def where(self) -> Where:
        if self.attachment:
            return Where(attachment=self.attachment)
        return Where(line=self.line) if self.line else Where()


def outsiders(message: Message, context: Context) -> Sequence[Addressee]:
    """The recipients outside the sender's organisation."""
    return [one for one in message.recipients if not context.is_internal(one.address)]


def passages(message: Message) -> Iterator[Passage]:
    """All that recipients can read: subject, own and quoted text, and what is in the attachments, as far as
    MAX_CHARACTERS reach."""
    room = MAX_CHARACTERS
    for passage in _all_passages(message):
        room -= len(passage.plain)
        if room < 0:
            return
        yield passage


def _all_passages(message: Message) -> Iterator[Passage]:
    yield Passage(message.subject, normalised(message.subject))
    for line in message.lines:
        if line.plain:
            yield Passage(line.text, line.plain, line.number)
    for attachment in message.attachments:
        for text in attachment.text:
            yield Passage(text, normalised(text), attachment=attachment.name)


def everything(message: Message) -> str:
    """All that `passages` gives as one normalised text, to look once whether a closer look is worth while."""
    return "\n".join(passage.plain for passage in passages(message))


def destination(outside: Sequence[Addressee]) -> str:
    """Where it goes, as "this is fine" knows it again: the domains, and the addresses where anybody may have one."""
    return " ".join(sorted({one.address if is_provider(one.domain) else one.domain for one in outside}))


def named_domains(outside: Sequence[Addressee]) -> str:
    """The domains for a sentence, the first few of them."""
    domains = list(dict.fromkeys(one.domain for one in outside))
    shown = ", ".join(domains[:_SHOWN_DOMAINS])
    return f"{shown}, …" if len(domains) > _SHOWN_DOMAINS else shown


def masked(secret: str, shown: int = 4) -> str:
    """Only its last characters, few enough to recognise it by and to do nothing with."""
    tail = "".join(char for char in secret if char.isalnum())[-shown:]
    return f"…{tail}"
