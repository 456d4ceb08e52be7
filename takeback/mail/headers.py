"""The header of a message, read where it stands: spans into the bytes, never a copy that is written back.

What is accepted here is what every server after us reads alike. A line that is neither a field nor its continuation
could end the header for one reader and not for another, and so hide a second From from one of them. Such a message
is refused (RFC 5322 §2.2; the obsolete `From :` of §4.5 likewise).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from takeback.errors import TakebackError
from takeback.mail.decoding import decoded

MAX_HEADER = 256 * 1024
MAX_FIELDS = 10_000

_FIELD = re.compile(rb"([!-9;-~]++):([^\r\n\0]*+(?:\r\n[ \t][^\r\n\0]*+)*+)\r\n")
_FOLD = re.compile(rb"\r\n(?=[ \t])")


class HeaderError(TakebackError):
    """The header cannot be read with certainty, and the message must not be accepted."""


class HeaderTooLarge(HeaderError):
    """More header than anybody needs."""


class MalformedHeader(HeaderError):
    """A line that is no field, a NUL, or a line end other than CRLF."""


class Field(NamedTuple):
    """One field. `name` is in lower case, `raw` the value with its folding, `start` and `end` the span in the message,
    from the first byte of the name to behind the last CRLF."""

    name: str
    raw: bytes
    start: int
    end: int

    @property
    def unfolded(self) -> bytes:
        """The value on one line, without white space around it (RFC 5322 §2.2.3)."""
        raw = self.raw if b"\r\n" not in self.raw else _FOLD.sub(b"", self.raw)
        return raw.strip(b" \t")

    def text(self, limit: int) -> str:
        """What a person reads; see `decoded`."""
        return decoded(self.unfolded, limit)


@dataclass(frozen=True, slots=True)
class Header:
    """The fields from top to bottom. `end` is the offset behind the last field, `body` that of the first byte of the
    body; they are equal where the message ends without a blank line."""

    fields: Sequence[Field]
    end: int
    body: int
    _by_name: dict[str, list[Field]] = field(repr=False, compare=False)

    def all(self, name: str) -> Sequence[Field]:
        """The fields of that name, in any case, from top to bottom."""
        return self._by_name.get(name.lower(), ())

    def first(self, name: str) -> Field | None:
        found = self.all(name)
        return found[0] if found else None

    def count(self, name: str) -> int:
        return len(self.all(name))

    def text(self, name: str, limit: int = 1000) -> str:
        """The decoded value of the topmost field of that name, at most `limit` characters; empty where there is none.
        It may hold controls: show it through `takeback.visible.visible` only."""
        found = self.first(name)
        return found.text(limit) if found else ""


def split(top: bytes, limit: int = MAX_HEADER) -> Header:
    """The header of a message, of which `top` is the whole or the first bytes (then more than `limit` of them).

    Raises HeaderTooLarge if the header has more than `limit` bytes or MAX_FIELDS fields, MalformedHeader as said at
    the head of this file.
    """
    end, body = _bounds(top, limit)
    fields: list[Field] = []
    by_name: dict[str, list[Field]] = {}
    at = 0
    for match in _FIELD.finditer(top, 0, end):
        start, stop = match.span()
        if start != at:
            break
        found = Field(match[1].decode("ascii").lower(), match[2], start, stop)
        fields.append(found)
        by_name.setdefault(found.name, []).append(found)
        at = stop
    if at != end:
        line = top.count(b"\n", 0, at) + 1
        raise MalformedHeader(f"line {line} of the header is not a header field")
    if len(fields) > MAX_FIELDS:
        raise HeaderTooLarge(f"the header has more than {MAX_FIELDS} fields")
    return Header(tuple(fields), end, body, by_name)


def _bounds(top: bytes, limit: int) -> tuple[int, int]:
    """Where the fields end and where the body begins."""
    if top.startswith(b"\r\n"):
        return 0, 2
    blank = top.find(b"\r\n\r\n", 0, limit + 2)
    if blank >= 0:
        return blank + 2, blank + 4
    if len(top) > limit:
        raise HeaderTooLarge(f"the header is larger than {limit} bytes")
    return len(top), len(top)
