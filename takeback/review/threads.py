"""Who took part in the mail that is quoted or forwarded, as far as its headings say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from takeback.mail.address import identity
from takeback.review import phrases
from takeback.review.message import Message
from takeback.review.text import Line

_ADDRESS = re.compile(r"[\w.+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")
_HEADING = re.compile(
    r"[\s*>|]{0,12}(?:from|to|cc|sent by|reply-to|من|الي|نسخه|نسخه الي|المرسل|المرسل اليه|de|von"
    r"|an|a)\*{0,2}\s?:"
)
_WROTE = re.compile(r"\b(?:wrote|writes|كتبت?)\b|<[^<>\s]{3,200}>\s?:?\s?$")
_FROM = re.compile(r"[\s*>|]{0,12}(?:from|من|de|von)\*{0,2}\s?:")
_MOST = 500


def quoted_people(message: Message) -> Iterator[str]:
    """The canonical addresses in the headings of what is quoted or forwarded, at most 500 of them."""
    given = 0
    listing = False
    for line in message.passed_on():
        listing = bool(_HEADING.match(line.plain)) or (listing and "@" in line.plain and ":" not in line.plain)
        if not (listing or _WROTE.search(line.plain[:600])):
            continue
        for match in _ADDRESS.finditer(line.text):
            given += 1
            if given > _MOST:
                return
            yield identity(match[0])


def latest(message: Message) -> list[Line]:
    """The lines of that message which is quoted or forwarded first, without those that it quotes itself."""
    found: list[Line] = []
    has_text = False
    for line in message.passed_on():
        if begins := _begins(line.plain):
            if has_text:
                break
        elif line.plain and not phrases.FIELD_LINE.match(line.plain):
            has_text = True
        if not begins:
            found.append(line)
    return found


def _begins(plain: str) -> bool:
    """Whether a message begins here, by what a client writes above it."""
    return any(pattern.match(plain) for pattern in (phrases.FORWARDED, phrases.ORIGINAL, _FROM)) or bool(
        phrases.ATTRIBUTION.match(plain[:600])
    )


def depth(message: Message) -> int:
    """How many messages are quoted or forwarded, by their headings."""
    return sum(1 for line in message.passed_on() if _FROM.match(line.plain) or _WROTE.search(line.plain[:600]))
