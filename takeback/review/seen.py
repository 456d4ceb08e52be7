"""What one message contributes to the history of the person who sent or received it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import NamedTuple

from takeback.clock import Instant

_LONGEST_SUBJECT = 1_000
_LONGEST_THREAD = 100
_PREFIX = re.compile(
    r"\s*+(?:re|aw|sv|antw|fw|fwd|wg|tr|رد|ردّ|إعادة توجيه|اعادة توجيه|توجيه|تحويل|محول)\s?+(?:\[\d{1,3}\])?+\s?+[:：]",
    re.IGNORECASE,
)
_REPLY = re.compile(r"\s*+(?:re|aw|sv|antw|رد|ردّ)\s?+(?:\[\d{1,3}\])?+\s?+[:：]", re.IGNORECASE)


class Person(NamedTuple):
    """`address` is canonical (`takeback.mail.address.identity`), `name` as written, empty where there was none."""

    address: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """`author` is the identity that was written under, or the person whom this one heard from. `others` are the
    recipients without the person's own addresses: a note to oneself teaches nothing. `blocks` are digests of the
    paragraphs, by which a recurring signature or disclaimer is known."""

    at: Instant
    author: Person
    others: tuple[Person, ...]
    subject: str = ""
    outgoing: bool = True
    times: int = 1
    blocks: tuple[str, ...] = ()


def thread_key(subject: str) -> str:
    """What a subject and the replies to it have in common: no `Re:` and `Fwd:` in any language, no case, no spacing.
    Empty where nothing is left."""
    text = unicodedata.normalize("NFKC", subject[:_LONGEST_SUBJECT])
    while match := _PREFIX.match(text):
        text = text[match.end() :]
    return " ".join(text.casefold().split())[:_LONGEST_THREAD].strip()


def says_reply(subject: str) -> bool:
    """Whether the subject says that this answers something."""
    return _REPLY.match(subject[:_LONGEST_SUBJECT]) is not None
