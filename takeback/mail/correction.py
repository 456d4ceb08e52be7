"""The correction: one short message to those whom a recall could not reach.

It speaks for the sender, under the sender's name, and never repeats the subject: whoever has not opened the message yet
must not be made curious.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from email.header import Header as EncodedHeader

from takeback.i18n.language import Language, languages
from takeback.mail.compose import line, text_part, verbatim

_WIDTH = 72


@dataclass(frozen=True, slots=True)
class Correction:
    """`author` is the original's From (and Sender) as bytes, with the last CRLF; `original` its Message-ID, empty where
    it has none; `date` its Date as it stands there, empty likewise. `words` are the sender's own, empty for none."""

    author: bytes
    original: str
    date: str
    words: str = ""


def correction(about: Correction) -> bytes:
    """A message as a client would submit it: Date, Message-ID and trace are added when it is accepted. Its recipients
    are not shown to each other."""
    known = languages()
    english, arabic = (_said_in(known[code], about) for code in ("en", "ar"))
    return _heading(about) + text_part(english, arabic)


def _said_in(language: Language, about: Correction) -> list[str]:
    said = [
        language.text(
            "A message that came to you from this address was not meant to be sent as it was. Please disregard it."
        )
    ]
    if about.date:
        said += [language.text("It was sent at:"), verbatim([about.date])]
    if about.words:
        said += [language.text("Its sender adds:"), verbatim(_wrapped(about.words))]
    return said


def _wrapped(words: str) -> list[str]:
    """Lines that a mail program need not cut; empty ones stay."""
    return [part for each in words.splitlines() for part in textwrap.wrap(each, _WIDTH) or [""]]


def _heading(about: Correction) -> bytes:
    known = languages()
    words = " / ".join(known[code].text("Please disregard an earlier message") for code in ("en", "ar"))
    subject = EncodedHeader(words, "utf-8", header_name="Subject").encode(linesep="\r\n")
    fields = [("To", "undisclosed-recipients:;")]
    if about.original:
        fields += [("In-Reply-To", about.original), ("References", about.original)]
    fields += [("Auto-Submitted", "auto-generated"), ("MIME-Version", "1.0")]
    return about.author + f"Subject: {subject}\r\n".encode() + b"".join(line(name, value) for name, value in fields)
