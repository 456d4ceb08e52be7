"""The parts of a message, read leniently and within limits.

Nothing is refused here: whatever arrives was already accepted, and reviewing the readable part of it is better than
none. The standard library's parser is not used, because its time grows with depth times lines and it recurses: a
thousand nested multiparts end it. This one looks at each byte a bounded number of times, does not recurse, and never
raises.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from takeback.mail.decoding import CHARSETS, decoded

MAX_LOOKED_AT = 64 << 20
"""Bytes of a message that are looked at, with its header."""
MAX_HEADER = 256 << 10
MAX_PARTS = 200
MAX_DEPTH = 20
MAX_TEXT = 512 << 10
"""Bytes of one text that are decoded."""
_MAX_VALUE = 4_000
"""Bytes of a structured field that are read."""

_FIELD = re.compile(rb"([!-9;-~]{1,100})[ \t]*+:([^\r\n]*+(?:\r?\n[ \t][^\r\n]*+)*+)(?:\r?\n|\Z)")
_FOLD = re.compile(rb"\r?\n(?=[ \t])")
_BLANK = re.compile(rb"\r?\n\r?\n|\A\r?\n")
_PARAMETER = re.compile(r';\s*+([^\s=;"]{1,60})\s*+=\s*+("(?:[^"\\]|\\.)*+"|[^;]*+)')
_CONTINUED = re.compile(r"([^*]+)(?:\*(\d{1,3}))?(\*)?")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]++")
_ESCAPED = re.compile(r"\\(.)")
_LF = 0x0A
_MAX_PADDING = 200
"""Bytes of white space behind a delimiter that are put up with."""
_CHARSET_OF_META = re.compile(rb"charset\s{0,5}=\s{0,5}[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)


class Fields:
    """The fields of one header by lower-case name, each value on one line."""

    def __init__(self, raw: bytes) -> None:
        self._values: dict[str, list[bytes]] = {}
        for match in _FIELD.finditer(raw):
            value = match[2] if b"\n" not in match[2] else _FOLD.sub(b"", match[2])
            self._values.setdefault(match[1].decode("ascii").lower(), []).append(value.strip())

    def first(self, name: str) -> bytes:
        """The topmost value; empty where there is none."""
        return self._values[name][0] if name in self._values else b""

    def all(self, name: str) -> Sequence[bytes]:
        return self._values.get(name, ())

    def text(self, name: str, limit: int = 1_000) -> str:
        """The decoded topmost value, at most `limit` characters."""
        return decoded(self.first(name), limit)

    def __contains__(self, name: str) -> bool:
        return name in self._values


class Span(NamedTuple):
    """A stretch of a message, which is never copied."""

    whole: bytes
    start: int
    stop: int

    @property
    def size(self) -> int:
        return self.stop - self.start

    def bytes(self, limit: int) -> bytes:
        """The first `limit` bytes of it."""
        return self.whole[self.start : min(self.stop, self.start + limit)]


class Place(NamedTuple):
    """Where a part stands: itself with its header, where the body of the multipart that holds it begins (-1: nothing
    does), and how many parts that has."""

    whole: Span
    parent: int
    siblings: int


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf: `kind` is its media type in lower case, `body` as it travels."""

    kind: str
    charset: str
    name: str
    disposition: str
    content_id: str
    method: str
    """What a calendar part asks for (RFC 6047 §2.4)."""
    encoding: str
    body: Span
    related: bool
    """Whether it belongs to a page beside it (multipart/related)."""
    place: Place

    @property
    def size(self) -> int:
        """Bytes of the decoded body; for base64 reckoned from its length."""
        return self.body.size * 73 // 100 if self.encoding == "base64" else self.body.size

    def content(self, limit: int) -> bytes:
        """The decoded body, at most `limit` bytes. What cannot be decoded is given as far as it goes."""
        match self.encoding:
            case "base64":
                return _from_base64(self.body.bytes(limit * 3 // 2 + 4))[:limit]
            case "quoted-printable":
                return binascii.a2b_qp(self.body.bytes(limit * 3))[:limit]
            case _:
                return self.body.bytes(limit)

    def text(self, limit: int = MAX_TEXT) -> str:
        """The body as text, in the charset that it names or the one that fits."""
        data = self.content(limit)
        charset = self.charset
        if not charset and self.kind == "text/html" and (match := _CHARSET_OF_META.search(data[:2_000])):
            charset = match[1].decode("ascii")
        return as_text(data, charset)


def as_text(data: bytes, charset: str) -> str:
    """Text of bytes whose charset is what it says, UTF-8 or UTF-16 where that fits better, or Latin; never raises."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace").lstrip("\ufeff")
    codec = CHARSETS.get(charset.strip().lower(), "")
    if codec in ("", "us-ascii", "utf-8"):
        try:
            return data.decode("utf-8").lstrip("\ufeff")
        except UnicodeDecodeError as error:
            if error.start > len(data) - 4:
                return data[: error.start].decode("utf-8")
            if not codec:
                return data.decode("windows-1252", "replace")
            codec = "utf-8"
    return data.decode(codec, "replace")


def split(content: bytes) -> tuple[Fields, Span]:
    """The header of the whole and what follows it."""
    return _split(Span(content, 0, min(len(content), MAX_LOOKED_AT)))


def leaves(fields: Fields, body: Span) -> Iterator[Part]:
    """The parts that hold something, in order, at most MAX_PARTS of them and MAX_DEPTH deep. An attached message is one
    part, `message/rfc822`, and is not looked into."""
    alone = Place(body._replace(start=0), -1, 1)
    waiting: list[tuple[Fields, Span, Place, int, bool]] = [(fields, body, alone, 0, False)]
    seen = 0
    while waiting and seen < MAX_PARTS:
        fields, body, place, depth, related = waiting.pop()
        seen += 1
        kind, parameters = parameters_of(fields.first("content-type"))
        boundary = parameters.get("boundary", "")
        if kind.startswith("multipart/") and boundary and depth < MAX_DEPTH:
            pieces = _between(body, b"--" + boundary.encode("utf-8", "replace"), MAX_PARTS - seen)
            inside = related or kind == "multipart/related"
            places = [Place(piece, body.start, len(pieces)) for piece in pieces]
            waiting.extend((*_split(each.whole), each, depth + 1, inside) for each in reversed(places))
        else:
            yield _leaf(kind, parameters, fields, body, related, place)


def parameters_of(value: bytes) -> tuple[str, dict[str, str]]:
    """The leading word of a structured field in lower case, and its parameters, continued and encoded ones put together
    (RFC 2231)."""
    text = value[:_MAX_VALUE].decode("utf-8", "replace")
    word, _, _ = text.partition(";")
    simple: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for match in _PARAMETER.finditer(text):
        name, written = match[1].lower(), _unquoted(match[2])
        if "*" not in name:
            simple.setdefault(name, written)
        elif form := _CONTINUED.fullmatch(name):
            pieces.setdefault(form[1], {}).setdefault(int(form[2] or 0), (written, form[3] is not None))
    return word.strip().lower(), simple | {name: _joined(found) for name, found in pieces.items()}


def _leaf(kind: str, parameters: dict[str, str], fields: Fields, body: Span, related: bool, place: Place) -> Part:
    disposition, more = parameters_of(fields.first("content-disposition"))
    name = more.get("filename") or parameters.get("name", "")
    return Part(
        kind=kind if "/" in kind else "text/plain",
        charset=parameters.get("charset", ""),
        name=decoded(name.encode("utf-8", "replace"), 255),
        disposition=disposition,
        content_id=fields.text("content-id", 200).strip("<> "),
        method=parameters.get("method", "").upper(),
        encoding=fields.first("content-transfer-encoding")[:40].decode("ascii", "replace").strip().lower(),
        body=body,
        related=related,
        place=place,
    )


def _split(span: Span) -> tuple[Fields, Span]:
    top = span.bytes(MAX_HEADER)
    blank = _BLANK.search(top)
    if blank is None:
        return Fields(top), span._replace(start=span.start + len(top))
    return Fields(top[: blank.start()]), span._replace(start=span.start + blank.end())


def _between(body: Span, delimiter: bytes, limit: int) -> list[Span]:
    """What stands between the delimiter lines, at most `limit` pieces. A missing end is that of the body."""
    data = body.whole
    pieces: list[Span] = []
    opened = -1
    at = data.find(delimiter, body.start, body.stop)
    while at >= 0 and len(pieces) < limit:
        behind = at + len(delimiter)
        rest, closed = _rest_of_line(data, behind, body.stop)
        if closed is not None and (at == body.start or data[at - 1] == _LF):
            if opened >= 0:
                pieces.append(Span(data, opened, max(opened, _without_line_end(data, at))))
            if closed:
                return pieces
            opened = behind = rest
        at = data.find(delimiter, behind, body.stop)
    if opened >= 0 and len(pieces) < limit:
        pieces.append(Span(data, opened, body.stop))
    return pieces


def _rest_of_line(data: bytes, at: int, stop: int) -> tuple[int, bool | None]:
    """Where the next line begins, and whether the delimiter before `at` is the last one; None: it is no delimiter."""
    end = data.find(b"\n", at, min(stop, at + _MAX_PADDING))
    rest = data[at : min(stop, at + _MAX_PADDING) if end < 0 else end].strip()
    if rest.startswith(b"--"):
        return at, True
    return (end + 1 if end >= 0 else stop), None if rest else False


def _without_line_end(data: bytes, at: int) -> int:
    """The line end before a delimiter belongs to the delimiter (RFC 2046 §5.1.1)."""
    return at - 2 if data[at - 2 : at] == b"\r\n" else at - 1


def _from_base64(data: bytes) -> bytes:
    clean = _NOT_BASE64.sub(b"", data)
    return binascii.a2b_base64(clean[: len(clean) // 4 * 4] if len(clean) % 4 == 1 else clean + b"==")


def _unquoted(written: str) -> str:
    if written.startswith('"'):
        return _ESCAPED.sub(r"\1", written[1:-1])
    return written.strip()


def _joined(pieces: dict[int, tuple[str, bool]]) -> str:
    """The pieces of a continued parameter in order; the charset stands before the first of those that are encoded."""
    data, charset = b"", ""
    for place, (number, (written, encoded)) in enumerate(sorted(pieces.items())):
        if number != place:
            break
        if encoded and place == 0:
            charset, _, rest = written.partition("'")
            written = rest.partition("'")[2]
        data += unquote_to_bytes(written) if encoded else written.encode("utf-8", "replace")
    return data.decode(CHARSETS.get(charset.lower(), "utf-8"), "replace")
