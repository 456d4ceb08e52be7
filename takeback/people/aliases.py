"""Alias files in the format of Postfix's virtual(5): who is behind an address, on one logical line each.

The whole of the file is read as Postfix reads it: comments, blank lines, lines that go on because the next begins with
white space, several destinations, `@domain` for everybody of a domain. An entry that Postfix would skip is skipped.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from takeback.mail.address import identity, split
from takeback.recall.people import PeopleUnknown

LARGEST = 64 << 20
"""Bytes of one file."""

log = structlog.get_logger("people")

_Version = tuple[int, int, int]


class AliasFile:
    """What one file says, as it says it now."""

    def __init__(self, path: Path, origin: str) -> None:
        self._path = path
        self._origin = origin
        self._version: _Version | None = None
        self._entries: Mapping[str, Sequence[str]] = {}

    def refresh(self) -> None:
        """Reads the file where it has changed since. Raises PeopleUnknown where that cannot be done: what it said
        before may have become wrong."""
        try:
            found = self._path.stat()
            version = (found.st_mtime_ns, found.st_size, found.st_ino)
            if version == self._version:
                return
            if found.st_size > LARGEST:
                raise PeopleUnknown(f"people.aliases: {self._path} is larger than {LARGEST >> 20} MB")
            text = self._path.read_text("utf-8-sig")
        except OSError as error:
            raise PeopleUnknown(f"people.aliases: {self._path} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise PeopleUnknown(f"people.aliases: {self._path} is not UTF-8 text") from None
        self._entries = parse(text, self._origin, os.fspath(self._path))
        self._version = version

    def members(self, name: str) -> Sequence[str] | None:
        """What stands behind that name (an identity, or `@domain`); None where the file does not know it."""
        return self._entries.get(name)


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    text: str


def parse(text: str, origin: str, source: str = "") -> dict[str, Sequence[str]]:
    """The entries by the identity of their address. Of an entry that is there twice the first counts, as in the table
    that Postfix makes of it."""
    entries: dict[str, Sequence[str]] = {}
    for line in _logical_lines(text):
        name, *members = [_complete(word, origin) for word in _words(line.text)] or [""]
        if not members:
            log.warning("an alias leads nowhere", file=source, line=line.number)
            continue
        entries.setdefault(identity(name), members)
    return entries


def _logical_lines(text: str) -> Iterator[_Line]:
    """Comments and blank lines are skipped wherever they stand, also in the middle of a line that goes on."""
    begun: _Line | None = None
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line[0] in " \t":
            if begun is not None:
                begun = _Line(begun.number, f"{begun.text} {line.strip()}")
            continue
        if begun is not None:
            yield begun
        begun = _Line(number, line.strip())
    if begun is not None:
        yield begun


def _words(line: str) -> list[str]:
    """The words between blanks and commas; what stands in quotes is one word with what it touches."""
    words: list[str] = []
    word = ""
    quoted = escaped = False
    for character in line:
        if not quoted and (character.isspace() or character == ","):
            words.append(word)
            word = ""
            continue
        word += character
        if character == '"' and not escaped:
            quoted = not quoted
        escaped = character == "\\" and not escaped
    return [each for each in [*words, word] if each]


def _complete(word: str, origin: str) -> str:
    """A name without a domain is one of ours."""
    return word if split(word)[1] or not origin else f"{word.removesuffix('@')}@{origin}"
