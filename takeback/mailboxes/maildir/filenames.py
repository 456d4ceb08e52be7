"""What the name of a file in a Maildir says, and how folders are named (Maildir++). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from imapclient import imap_utf7

_LETTERS = {"D": "\\Draft", "F": "\\Flagged", "P": "$Forwarded", "R": "\\Answered", "S": "\\Seen", "T": "\\Deleted"}
_FLAGS = {flag: letter for letter, flag in _LETTERS.items()}
_INFO = ":2,"
_KEYWORD = re.compile(r"(\d{1,2}) (\S{1,100})")
_KEYWORDS = 26

Keywords = Mapping[str, str]
"""The keyword that each small letter stands for in one folder."""


@dataclass(frozen=True, slots=True)
class FileName:
    """One message's file. `unique` stays the same for as long as the message is in its folder."""

    place: str
    """`new` or `cur`."""
    name: str

    @property
    def unique(self) -> str:
        return self.name.partition(":")[0]

    def flags(self, keywords: Keywords) -> frozenset[str]:
        letters = self.name.partition(_INFO)[2]
        return frozenset(flag for letter in letters if (flag := _LETTERS.get(letter) or keywords.get(letter)))


def name_with(unique: str, flags: Iterable[str], keywords: Keywords) -> str:
    """The name of a file in `cur`. A keyword for which the folder has no letter is left out."""
    letters = _FLAGS | {keyword: letter for letter, keyword in keywords.items()}
    return f"{unique}{_INFO}{''.join(sorted({letters[flag] for flag in flags if flag in letters}))}"


def keywords_in(text: str) -> dict[str, str]:
    """What stands in Dovecot's `dovecot-keywords`; lines that say nothing are skipped."""
    found = {}
    for line in text.splitlines()[: 2 * _KEYWORDS]:
        match = _KEYWORD.fullmatch(line)
        if match and int(match[1]) < _KEYWORDS:
            found[chr(ord("a") + int(match[1]))] = match[2]
    return found


def folder_name(directory: str) -> str | None:
    """The name as its users read it of a folder's directory, `INBOX` of the empty one; None of another directory."""
    if not directory:
        return "INBOX"
    if not directory.startswith(".") or directory in (".", "..") or "/" in directory:
        return None
    try:
        wire = directory[1:].encode("ascii")
        name: str = imap_utf7.decode(wire)
        return name if imap_utf7.encode(name) == wire else directory[1:]
    except ValueError:
        return directory[1:]


def directory_name(folder: str) -> str:
    """The directory of a folder, empty for INBOX. ValueError for a name that could lead elsewhere."""
    if folder.upper() == "INBOX":
        return ""
    wire = imap_utf7.encode(folder).decode("ascii")
    if folder_name(f".{wire}") != folder:
        wire = folder  # such a directory is no modified UTF-7, and is called what it is
    if not wire or "/" in wire or "\0" in wire or wire.startswith(".") or wire.endswith(".") or ".." in wire:
        raise ValueError("no folder has this name")
    return f".{wire}"
