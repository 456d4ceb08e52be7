"""What an IMAP server says, from bytes to values (RFC 9051 §7; RFC 3501 servers alike). Without I/O, bounded.

A response is one line, with literals in it. It is cut out of the stream by `ResponseReader`, and read by `parse`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

MAX_LINE = 1 << 20
"""Octets of a response apart from its literals. A search that found 100,000 messages fits."""
MAX_LITERAL = 1 << 20
"""Octets of all literals together that are kept of one response. Larger ones are given out in pieces, or refused."""
MAX_DEPTH = 10

Value: TypeAlias = "bytes | list[Value] | None"
"""An atom, number or string; NIL; a list."""

_LITERAL_AT_END = re.compile(rb"~?\{([0-9]{1,19})\+?\}\Z")
_STATUS_LINE = re.compile(rb"(?:\+|[^ ]+ (?:OK|NO|BAD|BYE|PREAUTH))(?: |\Z)", re.IGNORECASE)
_CODE = re.compile(rb" ?\[([A-Za-z0-9-]{1,40})(?: ([^\]]*))?\] ?")
_TOKEN = re.compile(rb'(\()|(\))|"((?:[^"\\]|\\.)*+)"|((?:[^ ()"\[]|\[[^\]]*\]|\[)++)| ++', re.DOTALL)
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_STATUS_WORDS = frozenset({b"OK", b"NO", b"BAD", b"BYE", b"PREAUTH"})
_NUMBER = re.compile(rb"[0-9]{1,19}")


class NotImap(Exception):
    """What came is not IMAP, or more of it than anybody needs."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A literal of so many octets begins, and is given out as it comes; `prefix` is what stands before it."""

    prefix: bytes
    size: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of such a literal."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Line:
    """A whole response: its text, cut where the literals stand. A literal that was given out in pieces is empty."""

    fragments: tuple[bytes, ...]
    literals: tuple[bytes, ...]

    @property
    def size(self) -> int:
        return sum(map(len, self.fragments)) + sum(map(len, self.literals))


class ResponseReader:
    """Cuts a stream of bytes into responses. After NotImap it is of no more use."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._scanned = 0
        self._fragments: list[bytes] = []
        self._literals: list[bytes] = []
        self._kept = 0
        self._missing = 0
        self._giving_out = False
        self._in_literal = False

    @property
    def pending(self) -> int:
        """Bytes that came and were not asked for yet."""
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def next(self, *, streaming: bool) -> Line | Begun | Piece | None:
        """The next response, or part of a literal; None where more bytes are needed. `streaming` says that a literal
        which begins now is to be given out in pieces. Raises NotImap."""
        while True:
            if self._in_literal:
                if self._giving_out and self._missing:
                    return self._take_piece()
                if not self._take_literal():
                    return None
            line = self._take_line()
            if line is None:
                return None
            if not self._begin_literal(line, streaming):
                return self._complete(line)
            if streaming:
                return Begun(self._fragments[-1], self._missing)

    def _take_line(self) -> bytes | None:
        end = self._buffer.find(b"\n", self._scanned)
        length = end if end >= 0 else len(self._buffer)
        if length + sum(map(len, self._fragments)) > MAX_LINE:
            raise NotImap("a line without end")
        if end < 0:
            self._scanned = len(self._buffer)
            return None
        line = bytes(self._buffer[:end]).removesuffix(b"\r")
        del self._buffer[: end + 1]
        self._scanned = 0
        return line

    def _begin_literal(self, line: bytes, streaming: bool) -> bool:
        match = _LITERAL_AT_END.search(line)
        if match is None or (not self._fragments and _STATUS_LINE.match(line)):
            return False
        self._missing = int(match[1])
        self._giving_out = streaming
        if not streaming:
            self._kept += self._missing
            if self._kept > MAX_LITERAL:
                raise NotImap(f"a literal of {self._missing} octets where none belongs")
        self._fragments.append(line[: match.start()])
        self._in_literal = True
        return True

    def _take_piece(self) -> Piece | None:
        if not self._buffer:
            return None
        data = bytes(self._buffer[: self._missing])
        del self._buffer[: self._missing]
        self._missing -= len(data)
        return Piece(data)

    def _take_literal(self) -> bool:
        """Afterwards the literal is done with, if it has come whole."""
        if not self._giving_out:
            if len(self._buffer) < self._missing:
                return False
            self._literals.append(bytes(self._buffer[: self._missing]))
            del self._buffer[: self._missing]
        else:
            self._literals.append(b"")
        self._in_literal = False
        return True

    def _complete(self, line: bytes) -> Line:
        whole = Line((*self._fragments, line), tuple(self._literals))
        self._fragments, self._literals, self._kept = [], [], 0
        return whole


@dataclass(frozen=True, slots=True)
class Response:
    """One response. `tag` is `*`, `+` or a command's; `name` is OK, FETCH, SEARCH … in upper case, and for a status
    response `code` and `code_text` are what stands in its brackets and `text` what a person reads."""

    tag: bytes
    name: bytes
    number: int = 0
    values: tuple[Value, ...] = ()
    code: bytes = b""
    code_text: bytes = b""
    text: bytes = b""


WANTED = frozenset({b"FETCH", b"SEARCH", b"ESEARCH", b"LIST", b"NAMESPACE", b"MYRIGHTS", b"CAPABILITY"})
"""The data that we ask for. Everything else that a server volunteers is not looked into."""


def parse(line: Line) -> Response:
    """The response in a line. Raises NotImap."""
    tag, _, rest = line.fragments[0].partition(b" ")
    if tag == b"+":
        return Response(tag, b"", text=rest)
    word, _, after = rest.partition(b" ")
    number = 0
    if tag == b"*" and _NUMBER.fullmatch(word):
        number = int(word)
        word, _, after = after.partition(b" ")
    word = word.upper()
    if not tag or not word:
        raise NotImap("an empty line")
    if word in _STATUS_WORDS:
        return _status(tag, word, after)
    if tag != b"*":
        raise NotImap("a tagged answer that is neither OK, NO nor BAD")
    if word not in WANTED:
        return Response(tag, word, number)
    return Response(tag, word, number, tuple(_values((after, *line.fragments[1:]), line.literals)))


def _status(tag: bytes, word: bytes, rest: bytes) -> Response:
    match = _CODE.match(rest)
    if match is None:
        return Response(tag, word, text=rest)
    return Response(tag, word, code=match[1].upper(), code_text=match[2] or b"", text=rest[match.end() :])


def values_of(text: bytes) -> tuple[Value, ...]:
    """The values in a text without literals, such as that of a response code. Raises NotImap."""
    return tuple(_values((text,), ()))


def _values(fragments: tuple[bytes, ...], literals: tuple[bytes, ...]) -> list[Value]:
    top: list[Value] = []
    open_lists = [top]
    for position, fragment in enumerate(fragments):
        _read_tokens(fragment, open_lists)
        if position < len(literals):
            open_lists[-1].append(literals[position])
    if len(open_lists) != 1:
        raise NotImap("a list without end")
    return top


def _read_tokens(fragment: bytes, open_lists: list[list[Value]]) -> None:
    at = 0
    while at < len(fragment):
        match = _TOKEN.match(fragment, at)
        if match is None:
            raise NotImap("a response that cannot be read")
        at = match.end()
        if match[1]:
            inner: list[Value] = []
            open_lists[-1].append(inner)
            open_lists.append(inner)
            if len(open_lists) > MAX_DEPTH:
                raise NotImap("lists in lists without end")
        elif match[2]:
            if len(open_lists) == 1:
                raise NotImap("a list that ends without beginning")
            open_lists.pop()
        elif match[3] is not None:
            open_lists[-1].append(_ESCAPE.sub(rb"\1", match[3]) if b"\\" in match[3] else match[3])
        elif match[4]:
            open_lists[-1].append(None if match[4].upper() == b"NIL" else match[4])
