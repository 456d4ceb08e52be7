"""The correction: one short message to those whom a recall could not reach.

It speaks for the sender, under the sender's name, and never repeats the subject: whoever has not opened the message yet
must not be made curious.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.header import Header as EncodedHeader
from enum import StrEnum

from takeback.clock import Instant
from takeback.mail import wording
from takeback.mail.compose import line, moment, multipart, text_part, verbatim
from takeback.mail.wording import Both

LARGEST_ATTACHED = 10 << 20
"""Bytes of a corrected message that can go along."""


class Tongue(StrEnum):
    """What a correction is written in."""

    ENGLISH = "en"
    ARABIC = "ar"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Correction:
    """`author` is the original's From field as bytes with its last CRLF, `original` its Message-ID, `sent_at` when it
    was submitted. `corrected` holds the bytes of the message that replaces it; empty where none does."""

    author: bytes
    original: str
    sent_at: Instant
    tongue: Tongue = Tongue.BOTH
    corrected: bytes = b""


def correction(about: Correction) -> bytes:
    """A message as a client would submit it: Date, Message-ID and trace are added when it is accepted. Its recipients
    are not shown to each other."""
    when = verbatim([moment(about.sent_at)])
    said = [wording.SENT_BEFORE, Both(when, when), wording.PLEASE_USE if about.corrected else wording.PLEASE_DISREGARD]
    text = text_part(
        [each.english for each in said if about.tongue is not Tongue.ARABIC],
        [each.arabic for each in said if about.tongue is not Tongue.ENGLISH],
    )
    return _heading(about) + (multipart("mixed", "correction", [text, _attached(about)]) if about.corrected else text)


def _heading(about: Correction) -> bytes:
    fields = [
        ("To", "undisclosed-recipients:;"),
        ("In-Reply-To", about.original),
        ("References", about.original),
        ("Auto-Submitted", "auto-generated"),
        ("MIME-Version", "1.0"),
    ]
    subject = EncodedHeader(_subject(about), "utf-8", header_name="Subject").encode(linesep="\r\n")
    return about.author + f"Subject: {subject}\r\n".encode() + b"".join(line(name, value) for name, value in fields)


def _subject(about: Correction) -> str:
    words = wording.CORRECTED_SUBJECT if about.corrected else wording.CORRECTION_SUBJECT
    match about.tongue:
        case Tongue.ENGLISH:
            return words.english
        case Tongue.ARABIC:
            return words.arabic
        case _:
            return " / ".join(words)


def _attached(about: Correction) -> bytes:
    encoding = b"7bit" if about.corrected.isascii() else b"8bit"
    return (
        b"Content-Type: message/rfc822\r\nContent-Disposition: attachment\r\n"
        b"Content-Transfer-Encoding: " + encoding + b"\r\n\r\n" + about.corrected
    )
