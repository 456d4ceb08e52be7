"""What is attached, and the text in it where a light library reads it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from takeback.review.mime import Part

_NO_FILES = frozenset(
    (
        "text/calendar", "application/ics", "application/pgp-signature", "application/pkcs7-signature",
        "application/x-pkcs7-signature", "application/pgp-encrypted", "message/delivery-status",
        "message/disposition-notification", "text/rfc822-headers",
    )
)  # fmt: skip
"""Parts that carry the message itself, its signature or its meaning, and that nobody calls an attachment."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """`inline`: a picture that the text shows. `text`: the lines that could be read in it, cut at the limits."""

    name: str
    kind: str
    size: int
    inline: bool
    text: tuple[str, ...] = ()

    @property
    def is_picture(self) -> bool:
        return self.kind.startswith("image/")


def read_attachments(parts: Iterable[Part], pictures: Collection[str]) -> tuple[Attachment, ...]:
    """The attachments among the parts; `pictures` are the Content-IDs that the page shows."""
    return tuple(_attachment(part, pictures) for part in parts if part.kind not in _NO_FILES)


def _attachment(part: Part, pictures: Collection[str]) -> Attachment:
    inline = part.kind.startswith("image/") and (
        part.content_id in pictures if part.content_id else part.related and part.disposition != "attachment"
    )
    return Attachment(part.name, part.kind, part.size, inline)
