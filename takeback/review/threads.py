"""Who took part in the mail that is quoted or forwarded, as far as its headings say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from takeback.mail.address import identity
from takeback.review.message import Message

_ADDRESS = re.compile(r"[\w.+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")
_HEADING = re.compile(
    r"[\s*>|]{0,12}(?:from|to|cc|sent by|reply-to|من|الي|نسخه|نسخه الي|المرسل|المرسل اليه|de|von"
    r"|an|a)\*{0,2}\s?:"
)
_WROTE = re.compile(r"\b(?:wrote|writes|كتبت?)\b|<[^<>\s]{3,200}>\s?:?\s?$")
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


def depth(message: Message) -> int:
    """How many messages are quoted or forwarded, by their headings."""
    return sum(
        1
        for line in message.passed_on()
        if re.match(r"[\s*>|]{0,12}(?:from|من|de|von)\*{0,2}\s?:", line.plain) or _WROTE.search(line.plain[:600])
    )
