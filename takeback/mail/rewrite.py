"""The only changes that Takeback makes to the bytes of a message (promise 3): lines on top, `Takeback-*` lines cut out.

A signature must survive. Every field name that some DKIM-Signature covers (its h= tag, RFC 6376 §3.5) is left exactly
as it is, and none is added: a name signed without being there asserts that it is not there (§5.4.2).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from takeback.clock import Instant, rfc5322
from takeback.errors import TakebackError
from takeback.mail import message_id, recall_lock
from takeback.mail.headers import Field, Header

_BLANKS = re.compile(rb"[ \t]+")
_PRIVATE = "takeback-"


class SignedRecallLock(TakebackError):
    """A DKIM-Signature covers Recall-Lock, so ours cannot take its place: the message must be refused (550 5.7.1)."""


class UnclearHold(TakebackError):
    """Several Takeback-Hold fields that differ: the message must be refused (550 5.6.0)."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the lines on top are made of. `received` is a whole field; `fresh_id` the Message-ID for a message that has
    none; `uid` and `secret` make the Recall-Lock."""

    received: bytes
    now: Instant
    fresh_id: str
    uid: str
    secret: bytes


@dataclass(frozen=True, slots=True)
class Rewrite:
    """`prefix` goes on top, the spans in `cuts` (start, end; rising, none overlapping) go out, all else stays.

    `message_id` is the usable one, given or added, and empty where there is none; `date` is the value of the Date
    field, given or added.
    """

    prefix: bytes
    cuts: tuple[tuple[int, int], ...]
    message_id: str
    date: str

    def apply(self, top: bytes) -> bytes:
        """The new beginning of a message. `top` is the old one, as far as the end of its header at least."""
        pieces = [self.prefix]
        at = 0
        for start, end in self.cuts:
            pieces.append(top[at:start])
            at = end
        pieces.append(top[at:])
        return b"".join(pieces)

    @property
    def growth(self) -> int:
        """By how many bytes the message grows; negative where it shrinks."""
        return len(self.prefix) - sum(end - start for start, end in self.cuts)


def rewrite(header: Header, facts: Facts) -> Rewrite:
    """What to do to the message of this header. Raises SignedRecallLock.

    Date and Message-ID are added where there is none (RFC 6409 §8.2, §8.3). One that cannot be used, or several, are
    left alone: the message then has no usable Message-ID, and its lock is made with an empty one.
    """
    signed = signed_names(header)
    if "recall-lock" in signed:
        raise SignedRecallLock("a DKIM-Signature covers Recall-Lock, which is Takeback's to write")
    adds_id = not header.count("message-id") and "message-id" not in signed
    adds_date = not header.count("date") and "date" not in signed
    id_ = facts.fresh_id if adds_id else message_id.of(header)
    date = rfc5322(facts.now) if adds_date else header.text("date")
    lines = [f"Recall-Lock: {recall_lock.lock(facts.secret, facts.uid, id_)}\r\n"]
    if adds_id:
        lines.append(f"Message-ID: {id_}\r\n")
    if adds_date:
        lines.append(f"Date: {date}\r\n")
    return Rewrite(facts.received + "".join(lines).encode(), _cuts(header.fields, signed), id_, date)


def signed_names(header: Header) -> frozenset[str]:
    """The field names, in lower case, that the DKIM-Signatures cover, be these valid or not."""
    return frozenset(name for field in header.all("dkim-signature") for name in _signed_by(field))


def hold_wish(header: Header) -> str | None:
    """The value of Takeback-Hold, None where there is none. Raises UnclearHold where several differ."""
    wishes = {field.text(limit=200) for field in header.all("takeback-hold")}
    if len(wishes) > 1:
        raise UnclearHold("the message has several Takeback-Hold fields that differ")
    return wishes.pop() if wishes else None


def _signed_by(signature: Field) -> Sequence[str]:
    compact = _BLANKS.sub(b"", signature.unfolded)
    return [
        name.decode("ascii", "replace").lower()
        for tag in compact.split(b";")
        if tag[:2].lower() == b"h="
        for name in tag[2:].split(b":")
    ]


def _cuts(fields: Sequence[Field], signed: frozenset[str]) -> tuple[tuple[int, int], ...]:
    return tuple(
        (field.start, field.end)
        for field in fields
        if field.name == "recall-lock" or (field.name.startswith(_PRIVATE) and field.name not in signed)
    )
