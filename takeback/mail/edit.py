"""Editing a message where it stands: spans are replaced, every other byte stays as it is.

What is edited becomes a new message: what proved or traced the old one (signatures of servers, trace lines, the lock of
recall, Date and Message-ID) goes out; what it says of its thread and its contents stays.
"""

from __future__ import annotations

import quopri
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from email.header import Header as EncodedHeader
from typing import NamedTuple

from takeback.mail.address import identity, is_addr_spec
from takeback.mail.headers import Field, Header

_GONE = frozenset(
    (
        "arc-authentication-results", "arc-message-signature", "arc-seal", "authentication-results", "date",
        "dkim-signature", "domainkey-signature", "message-id", "received", "received-spf", "recall-lock", "return-path",
    )
)  # fmt: skip
"""Fields of the message that was; those that begin with Resent- are too."""
_CONTENT = ("content-type", "content-transfer-encoding")
_TEXT_FIELDS = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n"
_EMPTY_PART = b"Content-Type: text/plain\r\n\r\n"
_LONGEST_PLAIN = 900

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|\((?:[^()\\]|\\.)*+\)|<[^<>]*+>|[^,"(<]++|.', re.DOTALL)
"""A quoted string, a comment, an address in brackets, other text, a comma."""
_IN_BRACKETS = re.compile(r"<([^<>]*)>")
_BESIDE_ADDRESS = re.compile(r"\((?:[^()\\]|\\.)*+\)|\s++")


@dataclass(frozen=True, slots=True)
class Replacement:
    """The bytes from `start` to before `stop` become `data`."""

    start: int
    stop: int
    data: bytes = b""


class Place(NamedTuple):
    """Where a part stands, with its header; where the body of the multipart that holds it begins, and how many parts
    that has."""

    start: int
    stop: int
    parent: int
    siblings: int


def apply(content: bytes, replacements: Collection[Replacement]) -> bytes:
    """Raises ValueError where two of them overlap."""
    pieces: list[bytes] = []
    at = 0
    for each in sorted(replacements, key=lambda each: (each.start, each.stop)):
        if each.start < at:
            raise ValueError("replacements overlap")
        pieces += [content[at : each.start], each.data]
        at = each.stop
    pieces.append(content[at:])
    return b"".join(pieces)


def as_new(header: Header) -> list[Replacement]:
    """Takes out what belonged to the message that was."""
    return [
        Replacement(field.start, field.end)
        for field in header.fields
        if field.name in _GONE or field.name.startswith("resent-")
    ]


def with_subject(header: Header, subject: str) -> list[Replacement]:
    """One Subject field with those words, on one line."""
    text = " ".join(subject.split())
    if not (text.isascii() and text.isprintable() and len(text) <= _LONGEST_PLAIN and "=?" not in text):
        text = EncodedHeader(text, "utf-8", header_name="Subject").encode(linesep="\r\n")
    return _only_one(header, "subject", f"Subject: {text}\r\n".encode())


def with_recipients(header: Header, removed: Collection[str], added: Sequence[str]) -> list[Replacement]:
    """To and Cc without those who were removed, and To with those who were added. Everybody else stays named as the
    sender named them. An address inside a group stays: a group is one name."""
    gone = {identity(address) for address in removed}
    changes: list[Replacement] = []
    new = [f"<{address}>" for address in added]
    for field in (*header.all("to"), *header.all("cc")):
        entries = list(_entries(field))
        kept = [entry for entry in entries if (address := _address_of(entry)) is None or identity(address) not in gone]
        more, new = (new, []) if field.name == "to" else ([], new)
        if more or len(kept) != len(entries):
            changes.append(Replacement(field.start, field.end, _address_field(field.name, [*kept, *more])))
    if new:
        changes.append(Replacement(header.end, header.end, _address_field("to", new)))
    return changes


def with_text(header: Header, offset: int, body: int, stop: int, text: str) -> list[Replacement]:
    """A part whose text is that, in UTF-8. `header` is the part's own, which begins at `offset` of the message; its
    body is what stands from `body` to before `stop`."""
    lines = "\n".join(text.splitlines()) + "\n"
    encoded = quopri.encodestring(lines.encode("utf-8", "replace")).replace(b"\n", b"\r\n")
    old = [field for name in _CONTENT for field in header.all(name)]
    end = offset + header.end
    separator = b"" if header.body > header.end else b"\r\n"
    version = b"" if offset or header.count("mime-version") else b"MIME-Version: 1.0\r\n"
    return [
        *(Replacement(offset + field.start, offset + field.end) for field in old),
        Replacement(end, end, version + _TEXT_FIELDS),
        Replacement(body, stop, separator + encoded),
    ]


def without(content: bytes, places: Collection[Place]) -> list[Replacement]:
    """The message without those parts. A multipart that loses all it had keeps an empty text: it must hold something
    (RFC 2046 §5.1.1). The message itself, which no multipart holds, cannot go."""
    by_parent: dict[int, list[Place]] = defaultdict(list)
    for place in places:
        if place.parent >= 0:
            by_parent[place.parent].append(place)
    changes: list[Replacement] = []
    for together in by_parent.values():
        first, *rest = sorted(together)
        if len(together) == first.siblings:
            changes.append(Replacement(first.start, first.stop, _EMPTY_PART))
        else:
            rest.append(first)
        changes += [Replacement(_delimiter_before(content, each), _delimiter_after(content, each)) for each in rest]
    return changes


def _delimiter_before(content: bytes, place: Place) -> int:
    """Where the line begins after which the part begins."""
    return content.rfind(b"\n", 0, place.start - 1) + 1


def _delimiter_after(content: bytes, place: Place) -> int:
    """Where the next delimiter begins. The line end before it belongs to it, and so goes with the part."""
    for line_end in (b"\r\n", b"\n"):
        if content.startswith(line_end, place.stop):
            return place.stop + len(line_end)
    return place.stop


def _only_one(header: Header, name: str, line: bytes) -> list[Replacement]:
    fields = header.all(name)
    if not fields:
        return [Replacement(header.end, header.end, line)]
    first, *rest = fields
    return [Replacement(first.start, first.end, line), *(Replacement(each.start, each.end) for each in rest)]


def _entries(field: Field) -> Iterator[str]:
    """What stands between the commas, as written."""
    entry = ""
    for token in _TOKEN.findall(field.raw.decode("utf-8", "surrogateescape")):
        if token != ",":
            entry += token
            continue
        yield entry.strip()
        entry = ""
    yield entry.strip()


def _address_of(entry: str) -> str | None:
    """The one address that an entry names; None where it is anything else, such as a piece of a group."""
    bracketed = _IN_BRACKETS.findall(entry)
    address = bracketed[-1].strip() if bracketed else _BESIDE_ADDRESS.sub("", entry)
    return address if is_addr_spec(address) else None


def _address_field(name: str, entries: Sequence[str]) -> bytes:
    """Nothing where nobody is named."""
    named = [entry for entry in entries if entry]
    if not named:
        return b""
    together = ",\r\n ".join(named)
    return f"{name.capitalize()}: {together}\r\n".encode("utf-8", "surrogateescape")
