"""Dot stuffing: content to the bytes that stand between 354 and the final dot (RFC 5321 §4.5.2)."""

from __future__ import annotations

_CR, _LF, _DOT = b"\r\n."


class BareLineEnd(ValueError):
    """The content has a CR or LF outside CRLF. Sent on, it could forge the end of the message elsewhere."""


class Stuffer:
    """Takes one content in any chunks; what it returns, joined, is the stuffed content."""

    def __init__(self) -> None:
        self._at_line_start = True
        self._after_cr = False

    @property
    def at_line_start(self) -> bool:
        """Whether a final dot may follow: nothing was written yet, or CRLF came last."""
        return self._at_line_start

    def stuff(self, chunk: bytes) -> bytes:
        """The chunk with a dot before each dot that begins a line. Raises BareLineEnd (RFC 5321 §2.3.8)."""
        if not chunk:
            return b""
        ends_in_cr = chunk[-1] == _CR
        self._refuse_bare_line_ends(chunk, ends_in_cr)
        stuffed = chunk.replace(b"\r\n.", b"\r\n..")
        if self._at_line_start and chunk[0] == _DOT:
            stuffed = b"." + stuffed
        elif self._after_cr and chunk[1:2] == b".":
            stuffed = b"\n." + stuffed[1:]
        self._at_line_start = chunk.endswith(b"\r\n") or (self._after_cr and chunk == b"\n")
        self._after_cr = ends_in_cr
        return stuffed

    def _refuse_bare_line_ends(self, chunk: bytes, ends_in_cr: bool) -> None:
        pairs = chunk.count(b"\r\n")
        if self._after_cr and chunk[0] != _LF:
            raise BareLineEnd("a CR that no LF follows")
        if chunk.count(b"\r") != pairs + ends_in_cr:
            raise BareLineEnd("a CR that no LF follows")
        if chunk.count(b"\n") != pairs + self._after_cr:
            raise BareLineEnd("an LF that follows no CR")
