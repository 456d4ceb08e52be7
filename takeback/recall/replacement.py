"""The corrected message: what stands in the file, under the original's author and in the original's thread. Pure.

It becomes an ordinary submission and goes through everything that a submission goes through. So only what ties it
to the original is done here; Received, Recall-Lock, Message-ID and Date are given to it when it is accepted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from takeback.errors import TakebackError
from takeback.mail import headers
from takeback.mail.address import identity
from takeback.mail.authors import UnclearAuthor, authors
from takeback.mail.headers import Field, Header, HeaderError
from takeback.mail.rewrite import Rewrite, signed_names

_FROM_THE_ORIGINAL = ("from", "sender", "in-reply-to", "references")
_NOT_ITS_OWN = frozenset(
    {
        *_FROM_THE_ORIGINAL,
        "message-id",
        "date",
        "supersedes",
        "bcc",
        "return-path",
        "received",
        "delivered-to",
        "recall-lock",
        "dkim-signature",
    }
)
"""What the file says of its author, its thread and its way is not the corrected message's."""


class CannotReplace(TakebackError):
    """The file cannot take the place of the message. Nothing was done."""


@dataclass(frozen=True, slots=True)
class Original:
    """The message to replace. `header` is None where its bytes are not kept any more; `header_from` is its author as
    people read it."""

    message_id: str
    header_from: str
    header: Header | None


def corrected(top: bytes, original: Original) -> Rewrite:
    """How the beginning of the file (its whole header at least) becomes that of the corrected message. Raises
    CannotReplace.

    Its author is the original's to the letter; a file that names another one is refused, for somebody has taken the
    wrong file. It answers what the original answers, and says which message it supersedes (RFC 4021 §2.1.46).
    """
    if not original.message_id:
        raise CannotReplace("the original has no Message-ID to look for, so nothing can take its place")
    header = _read(top)
    if signed_names(header):
        raise CannotReplace(
            "the file is signed (DKIM-Signature), and its signature would not hold: take the draft that was not sent"
        )
    _check_author(header, original)
    if original.header is None:
        lines = b""
        replaced = _NOT_ITS_OWN.difference(_FROM_THE_ORIGINAL)
    else:
        lines = _lines(original.header)
        replaced = _NOT_ITS_OWN
    prefix = lines + f"Supersedes: {original.message_id}\r\n".encode()
    return Rewrite(prefix, _cuts(header.fields, replaced), "", "")


def _read(top: bytes) -> Header:
    try:
        return headers.split(top)
    except HeaderError as error:
        raise CannotReplace("the file is no message: {error}", error=error) from None


def _check_author(header: Header, original: Original) -> None:
    """The file names the original's author, or (where the original's own line is at hand) nobody."""
    if original.header is None:
        if header.text("from", 500) != original.header_from:
            raise CannotReplace(
                "the From of the file must be that of the original: {author}", author=original.header_from
            )
        return
    if not header.count("from"):
        return
    try:
        named, wanted = authors(header), authors(original.header)
    except UnclearAuthor as error:
        raise CannotReplace("the From of the file cannot be read: {error}", error=error) from None
    if {identity(address) for address in named} - {identity(address) for address in wanted}:
        raise CannotReplace(
            "the file is from {one}, and the original from {other}", one=", ".join(named), other=", ".join(wanted)
        )


def _lines(header: Header) -> bytes:
    """The original's own fields, byte for byte."""
    return b"".join(
        field.name.title().encode() + b":" + field.raw + b"\r\n"
        for name in _FROM_THE_ORIGINAL
        for field in header.all(name)
    )


def _cuts(fields: Sequence[Field], names: frozenset[str]) -> tuple[tuple[int, int], ...]:
    return tuple((field.start, field.end) for field in fields if field.name in names or _is_resent(field.name))


def _is_resent(name: str) -> bool:
    return name.startswith("resent-")
