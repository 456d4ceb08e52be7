"""Replies: what a server says to a command (RFC 5321 §4.2, RFC 2034)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply. `lines` holds at least one text, without code, enhanced code or line end."""

    code: int
    enhanced: str | None
    lines: tuple[str, ...]

    @classmethod
    def of(cls, code: int, enhanced: str | None, *lines: str) -> Reply:
        return cls(code, enhanced, lines)

    @property
    def positive(self) -> bool:
        return 200 <= self.code < 300

    @property
    def temporary(self) -> bool:
        return 400 <= self.code < 500

    @property
    def permanent(self) -> bool:
        return 500 <= self.code < 600

    @property
    def text(self) -> str:
        """The whole reply on one line, as kept in evidence: `550 5.1.1 No such user`."""
        parts = [str(self.code), self.enhanced or "", *self.lines]
        return " ".join(part for part in parts if part)

    def encode(self) -> bytes:
        """The bytes on the wire. Whatever could end or forge a line is shown as `?` (RFC 5321 §4.2.1)."""
        prefix = f"{self.enhanced} " if self.enhanced else ""
        if len(self.lines) == 1:
            return f"{self.code} {prefix}{_one_line(self.lines[0])}\r\n".encode("utf-8", "replace")
        last = len(self.lines) - 1
        rows = (
            f"{self.code}{' ' if index == last else '-'}{prefix}{_one_line(line)}\r\n"
            for index, line in enumerate(self.lines)
        )
        return "".join(rows).encode("utf-8", "replace")


def _one_line(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if char.isprintable() else "?" for char in text)


class CommandError(ValueError):
    """A command cannot be obeyed; `reply` is what the client shall hear."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.text)
        self.reply = reply
