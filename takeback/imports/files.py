"""Sent mail in files: mbox (RFC 4155, in any of its dialects) and Maildir."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from takeback.imports.source import LARGEST, Source, SourceUnavailable

_LONGEST_LINE = 64 << 10


def source_in(path: Path, limit: int) -> Source:
    """The mailbox in that place. Raises SourceUnavailable where there is none."""
    if (path / "cur").is_dir():
        return Maildir(path, limit)
    if path.is_dir():
        raise SourceUnavailable(f"{path} is no Maildir: it has no folder `cur`")
    return Mbox(path, limit)


@dataclass(frozen=True, slots=True)
class Mbox:
    path: Path
    limit: int

    def messages(self) -> Iterator[bytes]:
        """A message begins where a line `From ` follows an empty one. The last `limit` of them, each cut at LARGEST."""
        try:
            starts = self._starts()
            with self.path.open("rb") as file:
                for start, end in starts:
                    file.seek(start)
                    yield file.read(min(end - start, LARGEST))
        except OSError as error:
            raise SourceUnavailable(f"{self.path} cannot be read: {error.strerror}") from None

    def _starts(self) -> list[tuple[int, int]]:
        """Where each message begins, behind its `From ` line, and where it ends."""
        spans: deque[tuple[int, int]] = deque(maxlen=self.limit)
        start, at, blank = -1, 0, True
        with self.path.open("rb") as file:
            while line := file.readline(_LONGEST_LINE):
                if blank and line.startswith(b"From "):
                    if start >= 0:
                        spans.append((start, at))
                    start = at + len(line)
                blank = line in (b"\n", b"\r\n")
                at += len(line)
        if start < 0:
            raise SourceUnavailable(f"{self.path} is no mbox: no line begins with `From `")
        spans.append((start, at))
        return list(spans)


@dataclass(frozen=True, slots=True)
class Maildir:
    path: Path
    limit: int

    def messages(self) -> Iterator[bytes]:
        """The newest `limit` of `cur` and `new`, oldest first."""
        try:
            files = sorted(self._files(), key=lambda file: file.stat().st_mtime)
            for entry in files[-self.limit :]:
                with open(entry.path, "rb") as file:  # noqa: PTH123 - a name in a Maildir may be no text
                    yield file.read(LARGEST)
        except OSError as error:
            raise SourceUnavailable(f"{self.path} cannot be read: {error.strerror}") from None

    def _files(self) -> Iterator[os.DirEntry[str]]:
        for name in ("cur", "new"):
            if (self.path / name).is_dir():
                with os.scandir(self.path / name) as entries:
                    yield from (entry for entry in entries if entry.is_file() and not entry.name.startswith("."))
