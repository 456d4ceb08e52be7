"""Where a message waits while it arrives: in memory up to 1 MiB, then in a file that has no name."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

PIECE = 1 << 20
"""The size of the pieces in which contents are kept and moved."""


class Spool:
    """The bytes of one message. The file is unlinked from the start: a crash leaves nothing behind."""

    __slots__ = ("_file", "size")

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.SpooledTemporaryFile(PIECE, dir=str(folder))  # noqa: SIM115 - closed by `close`
        self.size = 0

    def write(self, data: bytes) -> None:
        """Raises OSError when the disk is full."""
        self._file.write(data)
        self.size += len(data)

    def top(self, limit: int) -> bytes:
        """The first `limit` bytes, or all there are."""
        self._file.seek(0)
        return self._file.read(limit)

    def pieces(self, start: int) -> Iterator[bytes]:
        """All from `start` on, at most PIECE bytes at a time."""
        self._file.seek(start)
        while piece := self._file.read(PIECE):
            yield piece

    def close(self) -> None:
        self._file.close()
