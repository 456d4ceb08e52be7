"""Bytes of a server to replies (RFC 5321 §4.2, RFC 2034 §4)."""

from __future__ import annotations

import re

from takeback.smtp.replies import Reply

LONGEST_LINE = 4096
"""Eight times what RFC 5321 §4.5.3.1.5 allows, because servers put whole explanations on one line."""
MOST_LINES = 128

_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)
_ENHANCED = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: |$)")
_CONTROLS = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), "?") | {0x09: " "}


class BadReply(ValueError):
    """What the server sent is not a reply; the text says why."""


class ReplyReader:
    """Takes bytes in any chunks, gives whole replies. Holds at most one reply and one line beyond it."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._code = 0
        self._lines: list[str] = []

    @property
    def buffered(self) -> bool:
        """Whether bytes are waiting that belong to no reply that was given."""
        return bool(self._buffer or self._lines)

    def receive(self, data: bytes) -> None:
        self._buffer += data

    def next_reply(self) -> Reply | None:
        """The next whole reply, or None where bytes are missing. After BadReply nothing can be read.

        A line may end with LF alone: no harm is in it here, and servers do it.
        """
        while (line := self._next_line()) is not None:
            match = _LINE.fullmatch(line)
            if match is None:
                raise BadReply("the line is not a reply")
            code, separator, text = match.groups()
            self._add_line(int(code), (text or b"").decode("utf-8", "replace").translate(_CONTROLS))
            if separator != b"-":
                return self._finish()
        return None

    def _next_line(self) -> bytes | None:
        end = self._buffer.find(b"\n", 0, LONGEST_LINE + 1)
        if end < 0:
            if len(self._buffer) > LONGEST_LINE:
                raise BadReply(f"a line is longer than {LONGEST_LINE} bytes")
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line.removesuffix(b"\r")

    def _add_line(self, code: int, text: str) -> None:
        if self._lines and code != self._code:
            raise BadReply("the lines of one reply have different codes")
        if len(self._lines) == MOST_LINES:
            raise BadReply(f"a reply has more than {MOST_LINES} lines")
        self._code = code
        self._lines.append(text)

    def _finish(self) -> Reply:
        code, lines = self._code, self._lines
        self._lines = []
        enhanced = _enhanced_code(code, lines[0])
        if enhanced is not None:
            lines = [line.removeprefix(enhanced).removeprefix(" ") for line in lines]
        return Reply(code, enhanced, tuple(lines))


def _enhanced_code(code: int, text: str) -> str | None:
    """RFC 2034 §4: the class of the enhanced code is the first digit of the reply code."""
    match = _ENHANCED.match(text)
    return match[1] if match is not None and match[1][0] == str(code)[0] else None
