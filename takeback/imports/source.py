"""What a source gives: the beginnings of messages, one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from takeback.errors import TakebackError

LARGEST = 256 << 10
"""Bytes of a message that an import looks at: its header and the beginning of its text."""


class SourceUnavailable(TakebackError):
    """The place cannot be read. The text names it and says why."""


class Source(Protocol):
    def messages(self) -> Iterator[bytes]:
        """The beginning of each, the newest ones if there are too many. Raises SourceUnavailable."""
        ...
