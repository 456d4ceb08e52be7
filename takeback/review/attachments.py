"""What is attached, and the text in it where a light library reads it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from takeback.review.contents import (
    office_lines,
    page_lines,
    pdf_lines,
    plain_lines,
    sheet_lines,
)
from takeback.review.mime import Part, leaves, split

MAX_READ = 5 << 20
"""Bytes of one attachment that are looked into; a larger one is not read at all but for plain text, of which the
beginning is."""
MAX_LINES = 5_000
"""Lines that are kept of one attachment."""
MAX_ATTACHMENTS_READ = 10
MAX_CHARACTERS = 1 << 20
"""Of the text of all attachments of a message."""

_NO_FILES = frozenset(
    (
        "text/calendar", "application/ics", "application/pgp-signature", "application/pkcs7-signature",
        "application/x-pkcs7-signature", "application/pgp-encrypted", "message/delivery-status",
        "message/disposition-notification", "text/rfc822-headers",
    )
)  # fmt: skip
"""Parts that carry the message itself, its signature or its meaning, and that nobody calls an attachment."""

_READERS: Mapping[str, Callable[[bytes], Iterable[str]]] = {
    "docx": office_lines, "xlsx": sheet_lines, "pptx": office_lines, "odt": office_lines, "ods": office_lines,
    "pdf": pdf_lines, "html": page_lines, "htm": page_lines,
    **dict.fromkeys(
        ("txt", "csv", "tsv", "md", "json", "xml", "yaml", "yml", "ini", "conf", "cfg", "env", "log", "sql", "pem",
         "key", "py", "js", "sh", "vcf"),
        plain_lines,
    ),
}  # fmt: skip
_BY_KIND = {
    "application/pdf": "pdf", "text/html": "html", "application/json": "json", "text/csv": "csv",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.oasis.opendocument.text": "odt", "application/vnd.oasis.opendocument.spreadsheet": "ods",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Attachment:
    """`inline`: a picture that the text shows. `text`: the lines that could be read in it, cut at the limits."""

    name: str
    kind: str
    size: int
    inline: bool
    text: tuple[str, ...] = ()


def read_attachments(parts: Iterable[Part], pictures: Collection[str]) -> tuple[Attachment, ...]:
    """The attachments among the parts; `pictures` are the Content-IDs that the page shows. The text of the first few
    that have one is read, as long as there is room for it."""
    found: list[Attachment] = []
    room, left = MAX_CHARACTERS, MAX_ATTACHMENTS_READ
    for part in parts:
        if part.kind in _NO_FILES:
            continue
        text: tuple[str, ...] = ()
        if room > 0 and left > 0 and (reader := _reader(part)):
            text = _within(reader(part.content(MAX_READ)), room)
            room -= sum(map(len, text))
            left -= 1
        found.append(Attachment(part.name, part.kind, part.size, _is_inline(part, pictures), text))
    return tuple(found)


def _is_inline(part: Part, pictures: Collection[str]) -> bool:
    if not part.kind.startswith("image/") or part.disposition == "attachment":
        return False
    return part.content_id in pictures if part.content_id else part.related


def _reader(part: Part) -> Callable[[bytes], Iterable[str]] | None:
    """What reads a part, by the ending of its name or else by its type; None where nothing does."""
    if part.kind == "message/rfc822":
        return _message_lines
    ending = _BY_KIND.get(part.kind) or part.name.rpartition(".")[2].lower()
    reader = _READERS.get(ending) or (plain_lines if part.kind.startswith("text/") else None)
    return reader if reader is plain_lines or part.size <= MAX_READ else None


def _message_lines(content: bytes) -> Iterable[str]:
    """The texts of an attached message; what is attached to that is not looked into."""
    for part in leaves(*split(content)):
        if part.kind in ("text/plain", "text/html") and part.disposition != "attachment":
            yield from page_lines(part.text().encode()) if part.kind == "text/html" else part.text().splitlines()


def _within(lines: Iterable[str], room: int) -> tuple[str, ...]:
    """The lines that hold something, while there is room."""
    kept: list[str] = []
    for line in lines:
        text = line.strip()[: min(room, 4_000)]
        if text:
            kept.append(text)
            room -= len(text)
        if room <= 0 or len(kept) >= MAX_LINES:
            break
    return tuple(kept)
