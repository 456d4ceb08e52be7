"""The digest by which a body is known again after transport."""

from __future__ import annotations

import hashlib

_CRLF = b"\r\n"
_RUN = 32 * 1024


class BodyDigest:
    """SHA-256 of a body in the simple canonical form of DKIM (RFC 6376 §3.4.3): empty lines at the end do not count,
    and the last line ends with CRLF. An empty body counts as one empty line.

    The pieces may be cut anywhere, between CR and LF too; memory does not grow with them.
    """

    __slots__ = ("_empty_lines", "_hash", "_open_cr")

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._empty_lines = 0
        """How many CRLF wait to know whether they are the last ones."""
        self._open_cr = False
        """Whether a CR follows these, whose LF may come with the next piece."""

    def update(self, piece: bytes) -> None:
        if not piece:
            return
        if self._open_cr:
            piece = b"\r" + piece
        tail = _start_of_line_ends(piece)
        if tail:
            _add_empty_lines(self._hash, self._empty_lines)
            self._hash.update(memoryview(piece)[:tail])
            self._empty_lines = 0
        lines, open_cr = divmod(len(piece) - tail, 2)
        self._empty_lines += lines
        self._open_cr = bool(open_cr)

    def digest(self) -> bytes:
        """32 bytes over what has come so far; more may follow."""
        final = self._hash.copy()
        if self._open_cr:
            _add_empty_lines(final, self._empty_lines)
            final.update(b"\r")
        final.update(_CRLF)
        return final.digest()


def _start_of_line_ends(piece: bytes) -> int:
    """Where the longest ending of the form `CRLF CRLF ... [CR]` starts, in linear time whatever CR and LF do before."""
    start = len(piece.rstrip(_CRLF))
    bare_cr = piece.rfind(b"\r\r", start)
    bare_lf = piece.rfind(b"\n\n", start)
    return max(
        start + piece.startswith(b"\n", start),
        bare_cr + 1 if bare_cr >= 0 else 0,
        bare_lf + 2 if bare_lf >= 0 else 0,
    )


def _add_empty_lines(hash_: hashlib._Hash, count: int) -> None:
    whole, rest = divmod(count, _RUN)
    for _ in range(whole):
        hash_.update(_CRLF * _RUN)
    hash_.update(_CRLF * rest)
