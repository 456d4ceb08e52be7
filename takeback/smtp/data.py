"""The body of a message on its way in: its end, its dots, and what it must not hold (RFC 5321 §2.3.8, §4.1.1.4,
§4.5.2; RFC 3030 §3).

Both classes work on whole chunks and hold back at most four octets between them. What they find does not depend
on how the octets were cut: an offence has a position, and everything before it is handed out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from takeback.smtp.replies import Reply

_END = b"\r\n.\r\n"
_BEGINNINGS_OF_END = (_END[:4], _END[:3], _END[:2], _END[:1])
_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_NUL = b"\0"

BARE_LINE_END = Reply.of(554, "5.6.0", "The message holds a bare CR or LF; lines must end with CRLF")
HOLDS_NUL = Reply.of(554, "5.6.0", "The message holds a NUL; encode it as base64")
UNFINISHED_LINE = Reply.of(554, "5.6.0", "The message does not end with CRLF")


def too_big(max_size: int) -> Reply:
    """The refusal of a message over the limit (RFC 1870 §6.3)."""
    return Reply.of(552, "5.3.4", f"The message is too big; the limit is {max_size} octets")


def line_too_long(text_line: int) -> Reply:
    return Reply.of(554, "5.6.0", f"A line of the message is longer than {text_line} octets")


class DotDecoder:
    """Takes off the transparency of DATA. The end is CRLF "." CRLF and nothing else; the body stands behind a
    CRLF (that of the command), so that "." CRLF at once is an empty body."""

    def __init__(self) -> None:
        self._held = _END[:2]
        self._at_start = True
        self.ended = False
        self.unused = b""
        """What came behind the end."""

    def decode(self, data: bytes) -> bytes:
        """The next part of the body. Not to be called once `ended`. What it returns never ends between CR and LF."""
        window = self._held + data
        end = window.find(_END)
        if end >= 0:
            self.ended = True
            self.unused = window[end + len(_END) :]
            content = window[: end + 2]
        else:
            self._held = next((start for start in _BEGINNINGS_OF_END if window.endswith(start)), b"")
            content = window[: len(window) - len(self._held)]
        content = content.replace(b"\r\n.", b"\r\n")
        if self._at_start and content:
            self._at_start = False
            return content[2:]
        return content


class BodyInspector:
    """Lets a body through until something is wrong with it."""

    def __init__(self, max_size: int, text_line: int) -> None:
        self._max_size = max_size
        self._text_line = text_line
        self._held = b""
        self._line = 0
        self._line_is_whole = True
        self.size = 0
        """Octets let through."""
        self.eight_bit = False
        """Whether one of them has its high bit set."""
        self.refusal: Reply | None = None
        """Why nothing is let through any more."""

    def inspect(self, data: bytes, *, last: bool = False) -> bytes:
        """What may be handed out now. After the call with `last` (where `data` may be empty) the body is whole."""
        if self.refusal is not None:
            return b""
        window = self._held + data if self._held else data
        self._held = b""
        if not last and window.endswith(b"\r"):
            self._held = b"\r"
            window = window[:-1]
        window = self._up_to_offence(window)
        if window:
            self.size += len(window)
            self.eight_bit = self.eight_bit or not window.isascii()
            self._line_is_whole = window.endswith(b"\r\n")
        if last and self.refusal is None and not self._line_is_whole:
            self.refusal = UNFINISHED_LINE
        return window

    def _up_to_offence(self, window: bytes) -> bytes:
        """All of `window`, or what stands before the first thing that is wrong; `refusal` is set then."""
        room = self._max_size - self.size
        lines = window.count(b"\r\n")
        if (
            len(window) <= room
            and window.count(b"\n") == lines
            and window.count(b"\r") == lines
            and _NUL not in window
            and not self._text_line
        ):
            return window
        position, refusal = min(self._offences(window, room), key=lambda offence: offence[0], default=(None, None))
        self.refusal = refusal
        return window[:position]

    def _offences(self, window: bytes, room: int) -> Iterator[tuple[int, Reply]]:
        """The first offence of each kind, by its position."""
        if len(window) > room:
            yield room, too_big(self._max_size)
        if bare := _BARE.search(window):
            yield bare.start(), BARE_LINE_END
        if (nul := window.find(_NUL)) >= 0:  # a server that strips it would see CRLF NUL "." CRLF as the end
            yield nul, HOLDS_NUL
        if self._text_line and (long := self._end_of_longest_line(window)) is not None:
            yield long, line_too_long(self._text_line)

    def _end_of_longest_line(self, window: bytes) -> int | None:
        """Where a line becomes longer than it may be. Remembers the length of the line that is not whole yet."""
        start, before = 0, self._line
        for text in window.split(b"\r\n"):
            if before + len(text) > self._text_line:
                return start + self._text_line - before
            self._line = before + len(text)
            start, before = start + len(text) + 2, 0
        return None
