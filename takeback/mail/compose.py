"""What reports and notices are made of: header lines, a text in two languages, MIME parts. All of it with CRLF."""

from __future__ import annotations

import quopri
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.header import Header as EncodedHeader

from takeback.clock import Instant, rfc5322, to_datetime
from takeback.visible import visible

_LONGEST_LINE = 998
"""Octets without CRLF (RFC 5322 §2.1.1)."""
_INDENT = "    "
_RULE = "-" * 40


@dataclass(frozen=True, slots=True)
class SystemMail:
    """A message of our own. `smtputf8`: it names an address that is not ASCII, so its way must have SMTPUTF8."""

    data: bytes
    smtputf8: bool

    @property
    def eight_bit(self) -> bool:
        return not self.data.isascii()


@dataclass(frozen=True, slots=True)
class Heading:
    """The header fields that every message of ours has. `subject` is one in English and Arabic, never another's."""

    to: str
    hostname: str
    message_id: str
    now: Instant
    subject: str
    auto_submitted: str
    in_reply_to: str = ""
    reply_to: str = ""


def heading(about: Heading) -> bytes:
    """The header fields but for the content's own (RFC 5322 §3.6, RFC 3834 §5)."""
    fields = [
        ("From", f"Takeback <MAILER-DAEMON@{about.hostname}>"),
        ("To", f"<{about.to}>"),
        ("Subject", EncodedHeader(about.subject, "utf-8", header_name="Subject").encode(linesep="\r\n")),
        ("Date", rfc5322(about.now)),
        ("Message-ID", about.message_id),
        ("Auto-Submitted", about.auto_submitted),
        ("MIME-Version", "1.0"),
    ]
    if about.in_reply_to:
        fields += [("In-Reply-To", about.in_reply_to), ("References", about.in_reply_to)]
    if about.reply_to:
        fields.append(("Reply-To", f"<{about.reply_to}>"))
    return b"".join(
        f"{name}: {value}\r\n".encode() if name == "Subject" else line(name, value) for name, value in fields
    )


def line(name: str, value: str) -> bytes:
    """One field on one line, whatever the value holds: controls are shown, what is too long is cut."""
    room = _LONGEST_LINE - len(name) - 2
    shown = visible(value, room).encode()[:room].decode("utf-8", "ignore")
    return f"{name}: {shown}\r\n".encode()


def text_part(english: Sequence[str], arabic: Sequence[str]) -> bytes:
    """A text/plain entity, its header included, in 7-bit bytes: the English paragraphs, a rule, the Arabic ones."""
    text = "\n\n".join([*english, _RULE, *arabic]) + "\n"
    body = quopri.encodestring(text.encode()).replace(b"\n", b"\r\n")
    return (
        b"Content-Type: text/plain; charset=utf-8\r\n"
        b"Content-Language: en, ar\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    ) + body


def verbatim(lines: Iterable[str]) -> str:
    """A paragraph of addresses, commands or replies: each on a line of its own, so that writing from right to left
    around it cannot scramble it."""
    return "\n".join(_INDENT + visible(text, 500) for text in lines)


def moment(instant: Instant) -> str:
    """`2026-11-24 02:55:00 UTC`, the same in both languages."""
    return to_datetime(instant).strftime("%Y-%m-%d %H:%M:%S UTC")


def multipart(subtype: str, boundary: str, parts: Sequence[bytes]) -> bytes:
    """A multipart entity with its Content-Type field; `subtype` with its parameters. A boundary that occurs in a part
    is lengthened until it does not. The whole is declared 8bit if a part is (RFC 2045 §6.4)."""
    while any(boundary.encode() in part for part in parts):
        boundary += "x"
    mark = f"--{boundary}".encode()
    body = b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts)
    encoding = "7bit" if body.isascii() else "8bit"
    fields = (
        f'Content-Type: multipart/{subtype};\r\n\tboundary="{boundary}"\r\n'
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    )
    return fields.encode() + body + mark + b"--\r\n"
