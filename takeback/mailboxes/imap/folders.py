"""Folders: their names, on the wire and for people, and which of them are searched."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from imapclient import imap_utf7

from takeback.mailboxes.imap.responses import NotImap, Response, Value
from takeback.mailboxes.imap.session import Answer

_UNREADABLE = "\ufffd"
"""Stands before the octets of a name that is no modified UTF-7 (RFC 3501 §5.1.3), so that it can be said again."""
_NOT_SELECTABLE = frozenset({"\\noselect", "\\nonexistent"})


def read_name(wire: bytes) -> str:
    """The name as its users read it. `write_name` gives the same octets back, whatever they are."""
    try:
        name: str = imap_utf7.decode(wire)
        if not name.startswith(_UNREADABLE) and imap_utf7.encode(name) == wire:
            name.encode("utf-8")
            return name
    except (ValueError, IndexError):
        pass
    return _UNREADABLE + wire.decode("latin-1")


def write_name(name: str) -> bytes:
    """The name as it is said to the server. ValueError for one that no folder can have."""
    if not name or "\0" in name:
        raise ValueError("no folder has this name")
    if name.startswith(_UNREADABLE):
        return name.removeprefix(_UNREADABLE).encode("latin-1")
    wire: bytes = imap_utf7.encode(name)
    return wire


@dataclass(frozen=True, slots=True)
class Folder:
    wire: bytes
    attributes: frozenset[str]
    """In lower case."""

    @property
    def is_inbox(self) -> bool:
        return self.wire.upper() == b"INBOX"


@dataclass(frozen=True, slots=True)
class Namespaces:
    """Prefixes of the names of folders (RFC 2342): the person's own, and those of other people's and shared ones."""

    own: tuple[bytes, ...] = (b"",)
    others: tuple[bytes, ...] = ()

    def is_own(self, folder: Folder) -> bool:
        """What is shared with a person is somebody else's mailbox, and not to be worked on under this one's name."""
        if folder.is_inbox:
            return True
        own, others = (_longest(folder.wire, prefixes) for prefixes in (self.own, self.others))
        return own >= 0 and own >= others

    def without_prefix(self, wire: bytes) -> bytes:
        length = max(0, _longest(wire, self.own))
        return wire[length:]


def _longest(wire: bytes, prefixes: Sequence[bytes]) -> int:
    return max((len(prefix) for prefix in prefixes if wire.startswith(prefix)), default=-1)


def namespaces_in(answer: Answer) -> Namespaces:
    """Of the answer to NAMESPACE. Raises NotImap."""
    for response in answer.named(b"NAMESPACE"):
        if len(response.values) < 3:
            raise NotImap("a NAMESPACE that has not three parts")
        own, *others = (tuple(_prefixes(part)) for part in response.values[:3])
        return Namespaces(own, tuple(chain.from_iterable(others)))
    return Namespaces()


def _prefixes(part: Value) -> Iterator[bytes]:
    for each in part if isinstance(part, list) else ():
        if not isinstance(each, list) or not each or not isinstance(each[0], bytes):
            raise NotImap("a NAMESPACE that cannot be read")
        yield each[0]


def folders_in(answer: Answer) -> list[Folder]:
    """Of the answer to LIST: those that can be selected, each once. Raises NotImap."""
    found = {folder.wire: folder for folder in map(_folder, answer.named(b"LIST"))}
    return [folder for folder in found.values() if not folder.attributes & _NOT_SELECTABLE]


def _folder(response: Response) -> Folder:
    match response.values:
        case (list() as attributes, bytes() | None, bytes() as wire, *_) if wire and b"\0" not in wire:
            words = (each.decode("ascii", "replace").lower() for each in attributes if isinstance(each, bytes))
            return Folder(wire, frozenset(words))
    raise NotImap("a LIST that cannot be read")


def to_search(folders: Sequence[Folder], namespaces: Namespaces, skipped: Collection[str]) -> list[Folder]:
    """The person's own folders but for those to skip, INBOX last: it is where most copies are, and what was selected
    last need not be selected again."""
    words = {each.lower() for each in skipped}
    wanted = [folder for folder in folders if namespaces.is_own(folder) and not _is_skipped(folder, namespaces, words)]
    return sorted(wanted, key=lambda folder: folder.is_inbox)


def _is_skipped(folder: Folder, namespaces: Namespaces, words: Collection[str]) -> bool:
    if folder.is_inbox:
        return False
    name = read_name(namespaces.without_prefix(folder.wire)).lower()
    return name in words or any(attribute in words for attribute in folder.attributes)
