"""Whether a copy found in a mailbox is the message that was accepted then, and nobody else's.

A copy is ours only if its Message-ID is equal in full, its Recall-Lock opens with the stored secret, and From and Date
are the stored ones: a lock copied into another message opens that one for nobody. Services that sign or add footers
change the body, so with a lock the body does not count. Where a service took the lock away, the body decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from takeback.mail import headers, message_id, recall_lock
from takeback.mail.headers import Header, HeaderError

_LONGEST_FROM = 500
"""As much of From as is stored at accept."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What was stored at accept so that the message can be known again. `account` is the uid in its lock."""

    message_id: str
    account: str
    lock_secret: bytes
    header_from: str
    header_date: str
    body_digest: bytes


class Identity(StrEnum):
    OURS = "ours"
    STRANGER = "stranger"
    """Another message with the same Message-ID. Never touched."""
    ASK_BODY = "ask_body"
    """No lock is there; From and Date agree. The digest of the body decides (`judge_body`)."""
    UNDECIDED = "undecided"
    """It may be ours, and it cannot be shown. Never touched, and reported."""


def judge(header: bytes, stamp: Stamp) -> Identity:
    """What the header of a copy says. `header` has CRLF line ends; whatever is wrong with it, this answers."""
    if not stamp.message_id:
        return Identity.STRANGER
    try:
        read = headers.split(header)
    except HeaderError:
        return Identity.UNDECIDED if stamp.message_id.encode() in header else Identity.STRANGER
    if message_id.of(read) != stamp.message_id:
        return Identity.STRANGER
    if not _says(read, "from", stamp.header_from, _LONGEST_FROM) or not _says(read, "date", stamp.header_date):
        return Identity.STRANGER
    locks = read.all("recall-lock")
    if not locks:
        return Identity.ASK_BODY
    opened = any(_opens(lock.unfolded, stamp) for lock in locks)
    return Identity.OURS if opened else Identity.STRANGER


def judge_body(digest: bytes, stamp: Stamp) -> Identity:
    """What the digest of its body (`takeback.mail.digest`) says of a copy without a lock."""
    return Identity.OURS if digest == stamp.body_digest else Identity.UNDECIDED


def _says(header: Header, name: str, stored: str, limit: int = 1000) -> bool:
    """Whether the one field of that name is what was stored; a field that is there twice says nothing."""
    return header.count(name) <= 1 and header.text(name, limit) == stored


def _opens(value: bytes, stamp: Stamp) -> bool:
    text = value.decode("ascii", "replace")
    return recall_lock.matches(text, stamp.lock_secret, stamp.account, stamp.message_id)
