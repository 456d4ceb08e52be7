"""What a client has sent and nobody has dealt with yet."""

from __future__ import annotations


class LineTooLong(ValueError):
    """A line over the limit has come to its end; nothing of it was kept."""


class Input:
    """Octets, taken from the front as lines or as they are.

    Holds what one `receive` brought, and of what was there before at most one line that is not whole yet, as
    long as whoever feeds it takes out what can be taken before it feeds again.
    """

    def __init__(self) -> None:
        self._data = b""
        self._position = 0
        self._overlong = False

    def __len__(self) -> int:
        return len(self._data) - self._position

    def receive(self, data: bytes) -> None:
        self._data = self._data[self._position :] + data if len(self) else data
        self._position = 0

    def starts_with(self, word: bytes) -> bool:
        """Whether `word`, in capitals, comes next in whatever case."""
        return self._data[self._position : self._position + len(word)].upper() == word

    def take(self, count: int) -> bytes:
        """The next `count` octets, or fewer where there are no more."""
        start = self._position
        self._position = min(start + count, len(self._data))
        taken = self._data[start : self._position]
        if not len(self):
            self._data, self._position = b"", 0  # a connection that is quiet keeps nothing
        return taken

    def take_line(self, limit: int) -> bytes | None:
        """The next line without its CRLF, or None where it is not whole. Nothing but CRLF ends a line.

        A line longer than `limit`, CRLF included, is discarded as it comes, and LineTooLong raised at its end.
        """
        start, end = self._position, self._data.find(b"\r\n", self._position)
        if end < 0:
            if len(self) > limit:
                self._overlong = True
                self.receive(b"\r" if self.take(len(self)).endswith(b"\r") else b"")
            return None
        self._position = end + 2
        if self._overlong or self._position - start > limit:
            self._overlong = False
            raise LineTooLong
        return self._data[start:end]
