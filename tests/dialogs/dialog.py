"""Scripts of what is said on a wire, and the one who plays the client's part.

A script holds one step a line; blank lines and lines that begin with # are for the reader.

    = secure                            how the server is set up; see `Dialog.setup`
    C: EHLO me                          the client sends this and CRLF
    C> bare\\r line\\n                    the client sends exactly this
    S: 250-...                          the server says this line; "..." stands for anything
    S. closed                           the server has said all, and closed
    T.                                  the client and the server shake hands for TLS
    E: Rcpt(...'b@example.com'...)      this happened inside, after what the E line before names

In what the client sends, \\r \\n \\0 \\\\ and \\x41 stand for octets, and {a*500} for 500 times "a". Steps of the
client that follow each other are sent in one go. Where the inside cannot be seen, E steps are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

FOLDER = Path(__file__).parent
_ESCAPE = re.compile(rb"\\(?:([rn0\\])|x([0-9a-f]{2}))|\{([^*{}]+)\*([0-9]+)\}")
_NAMED = {b"r": b"\r", b"n": b"\n", b"0": b"\0", b"\\": b"\\"}


class Peer(Protocol):
    """The server's side of a wire: a session, or a real socket."""

    def send(self, data: bytes) -> None: ...

    def read_line(self) -> str | None:
        """The next line without its CRLF; None where the server has closed."""
        ...

    def start_tls(self) -> None: ...

    def happened(self) -> Iterable[str] | None:
        """What the server's inside saw since the last call, as `repr` shows it; None where it cannot be seen."""
        ...


@dataclass(frozen=True)
class Step:
    number: int
    kind: str
    text: str


@dataclass(frozen=True)
class Dialog:
    """`setup` holds the words behind each `=`: a server that cannot be set up so must leave the dialog out."""

    name: str
    setup: Sequence[str]
    steps: Sequence[Step]


def read_dialog(path: Path) -> Dialog:
    setup, steps = [], []
    for number, line in enumerate(path.read_text("utf-8").split("\n"), 1):
        if not line or line.startswith("#"):
            continue
        kind, text = line[:2], line[2:].removeprefix(" ")
        if kind == "= ":
            setup.append(text)
        elif kind in ("C:", "C>", "S:", "S.", "T.", "E:"):
            steps.append(Step(number, kind, text))
        else:
            raise ValueError(f"{path.name}:{number}: not a step: {line}")
    return Dialog(path.stem, setup, steps)


def all_dialogs() -> list[Dialog]:
    return [read_dialog(path) for path in sorted(FOLDER.glob("*.smtp"))]


def octets(text: str) -> bytes:
    """What a client's step stands for."""

    def stands_for(match: re.Match[bytes]) -> bytes:
        named, code, repeated, times = match.groups()
        if named:
            return _NAMED[named]
        return bytes([int(code, 16)]) if code else repeated * int(times)

    return _ESCAPE.sub(stands_for, text.encode())


def play(dialog: Dialog, peer: Peer) -> None:
    """Afterwards every step has been taken; AssertionError names the first that went otherwise."""
    unsent = b""
    seen: list[str] = []
    for step in dialog.steps:
        where = f"{dialog.name}.smtp:{step.number}"
        if step.kind[0] == "C":
            unsent += octets(step.text) + (b"\r\n" if step.kind == "C:" else b"")
            continue
        if unsent:
            peer.send(unsent)
            unsent = b""
        if step.kind == "T.":
            peer.start_tls()
        elif step.kind == "E:":
            _expect_event(step.text, seen, peer.happened(), where)
        else:
            said, expected = peer.read_line(), None if step.kind == "S." else step.text
            assert _matches(said, expected), f"{where}: expected {expected!r}, the server said {said!r}"
    assert not unsent, f"{dialog.name}: the last step is the client's, so nothing is tested"


def _expect_event(pattern: str, seen: list[str], more: Iterable[str] | None, where: str) -> None:
    if more is None:
        return
    seen.extend(more)
    passed = list(seen)
    while seen:
        if _matches(seen.pop(0), pattern):
            return
    raise AssertionError(f"{where}: expected {pattern}, there was {passed}")


def _matches(text: str | None, pattern: str | None) -> bool:
    if text is None or pattern is None:
        return text is pattern
    return re.fullmatch(re.escape(pattern).replace(r"\.\.\.", ".*"), text, re.DOTALL) is not None
