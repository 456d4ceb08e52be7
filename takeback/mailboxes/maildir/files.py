"""The files of one Maildir. Blocking; every error is an OSError.

Everything goes by descriptors of the folder, and no symbolic link is followed below the Maildir: who owns a mailbox
could point one at another's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from takeback.mailboxes.maildir.filenames import FileName, Keywords, keywords_in
from takeback.mailboxes.wanted import MOST_HEADER

_SCANS = 10
_PIECE = 256 * 1024
_FIRST_READ = 16 * 1024
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
ASIDE = "takeback-recalled."
"""In `tmp`, before the exact name of a message that was taken out of its folder and is not deleted yet."""


class AlwaysChanging(OSError):
    """A folder could not be listed in full, because it changed each time."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One file as it was when it was looked at."""

    file: FileName
    header: bytes
    size: int
    modified_ns: int


@dataclass
class Directory:
    """One folder: its `new`, `cur` and `tmp`, held open so that nobody can exchange them. Enter it to use it."""

    path: Path
    _stack: ExitStack = field(default_factory=ExitStack)
    _parts: dict[str, int] = field(default_factory=dict)

    def __enter__(self) -> Self:
        """Raises FileNotFoundError or NotADirectoryError where there is no such folder."""
        with ExitStack() as stack:
            self.descriptor = self._hold(stack, os.open(self.path, _DIRECTORY))
            for part in ("new", "cur", "tmp"):
                self._parts[part] = self._hold(stack, os.open(part, _DIRECTORY, dir_fd=self.descriptor))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @staticmethod
    def _hold(stack: ExitStack, descriptor: int) -> int:
        stack.callback(os.close, descriptor)
        return descriptor

    # Looking

    def keywords(self) -> Keywords:
        try:
            descriptor = os.open("dovecot-keywords", _FILE, dir_fd=self.descriptor)
        except OSError:
            return {}
        with os.fdopen(descriptor, "rb") as file:
            return keywords_in(file.read(_PIECE).decode("utf-8", "replace"))

    def files(self) -> Sequence[FileName]:
        """Every message. Mail moves from new to cur, so that order misses none; and what was renamed while it was
        listed is seen by listing again."""
        found: dict[str, FileName] = {}
        for _ in range(_SCANS):
            before = self._changed()
            listed = [FileName(part, name) for part in ("new", "cur") for name in os.listdir(self._parts[part])]
            found = {file.unique: file for file in listed if not file.name.startswith(".")}
            if self._changed() == before:
                return list(found.values())
        raise AlwaysChanging(f"{self.path} changed each time that it was listed")

    def aside(self) -> Sequence[FileName]:
        """Messages that were taken out, and are not deleted yet."""
        names = os.listdir(self._parts["tmp"])
        return [FileName("tmp", name.removeprefix(ASIDE)) for name in names if name.startswith(ASIDE)]

    def current(self, unique: str) -> FileName | None:
        """How the file of that message is named now; None where it is gone."""
        return next((file for file in self.files() if file.unique == unique), None)

    def _changed(self) -> tuple[int, int]:
        return os.stat(self._parts["new"]).st_mtime_ns, os.stat(self._parts["cur"]).st_mtime_ns

    def _name(self, file: FileName) -> str:
        return f"{ASIDE}{file.name}" if file.place == "tmp" else file.name

    def open(self, file: FileName) -> int:
        """A descriptor to read it with. Raises FileNotFoundError where it is not called that any more."""
        return os.open(self._name(file), _FILE, dir_fd=self._parts[file.place])

    def header(self, file: FileName) -> bytes:
        """The header with CRLF line ends, at most MOST_HEADER octets of it."""
        with os.fdopen(self.open(file), "rb") as opened:
            top = opened.read(_FIRST_READ)
            if len(top) == _FIRST_READ and _end_of_header(top) is None:
                top += opened.read(MOST_HEADER - _FIRST_READ)
        return with_crlf(top[: _end_of_header(top)])[0]

    def look(self, file: FileName, header: bytes) -> Stored:
        with os.fdopen(self.open(file), "rb") as opened:
            modified = os.fstat(opened.fileno()).st_mtime_ns
            size = sum(map(len, crlf_pieces(opened.fileno())))
        return Stored(file, header, size, modified)

    # Changing

    def take_out(self, file: FileName) -> None:
        """The conditional step: afterwards no reader has the message. FileNotFoundError where it is not called that any
        more, for example because it was read."""
        os.rename(file.name, ASIDE + file.name, src_dir_fd=self._parts[file.place], dst_dir_fd=self._parts["tmp"])
        self._sync("tmp", file.place)

    def put_in_again(self, file: FileName) -> None:
        """Undoes `take_out`."""
        os.rename(ASIDE + file.name, file.name, src_dir_fd=self._parts["tmp"], dst_dir_fd=self._parts[file.place])
        self._sync("tmp", file.place)

    def delete_aside(self, file: FileName) -> None:
        with suppress(FileNotFoundError):
            os.unlink(ASIDE + file.name, dir_fd=self._parts["tmp"])
        self._sync("tmp")

    def create(self, name: str) -> int:
        """A descriptor of a new file in `tmp`, owned by who owns the folder."""
        descriptor = os.open(
            name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=self._parts["tmp"]
        )
        _give_to_owner(descriptor, self.descriptor)
        return descriptor

    def put_in(self, temporary: str, name: str) -> None:
        """Afterwards the new file is a message of the folder."""
        os.rename(temporary, name, src_dir_fd=self._parts["tmp"], dst_dir_fd=self._parts["cur"])
        self._sync("cur")

    def drop(self, temporary: str, name: str) -> None:
        """Undoes `create` and `put_in`, whichever of them were done."""
        for file, part in ((temporary, "tmp"), (name, "cur")):
            with suppress(FileNotFoundError):
                os.unlink(file, dir_fd=self._parts[part])

    def _sync(self, *parts: str) -> None:
        for part in parts:
            os.fsync(self._parts[part])


def make_folder(root: Path, directory: str) -> None:
    """Afterwards there is such a folder, and it belongs to whom the Maildir belongs."""
    path = root / directory
    owner = os.open(root, _DIRECTORY)
    try:
        for each in (path, path / "new", path / "cur", path / "tmp"):
            with suppress(FileExistsError):
                os.mkdir(each, 0o700)
                _make_owned(each, _DIRECTORY, owner)
        _make_owned(path / "maildirfolder", os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, owner)
        os.fsync(owner)
    finally:
        os.close(owner)


def _make_owned(path: Path, how: int, owner: int) -> None:
    descriptor = os.open(path, how, 0o600)
    try:
        _give_to_owner(descriptor, owner)
    finally:
        os.close(descriptor)


def _give_to_owner(descriptor: int, pattern: int) -> None:
    owner = os.stat(pattern)
    if owner.st_uid != os.geteuid():
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def _end_of_header(top: bytes) -> int | None:
    """Behind the blank line, whatever the line ends are; None where there is no blank line."""
    ends = [at + len(blank) for blank in (b"\n\n", b"\n\r\n") if (at := top.find(blank)) >= 0]
    return min(ends, default=None)


def crlf_pieces(descriptor: int) -> Iterator[bytes]:
    """What stands in the file from where it is read next, with CRLF line ends."""
    before = b""
    while piece := os.read(descriptor, _PIECE):
        converted, before = with_crlf(piece, before)
        yield converted


def with_crlf(piece: bytes, before: bytes = b"") -> tuple[bytes, bytes]:
    """The piece with CRLF for each line end, and its last octet, which is the next one's `before`."""
    if b"\n" not in piece:
        return piece, piece[-1:] or before
    unified = piece.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    if before == b"\r" and piece.startswith(b"\n"):
        unified = unified[1:]  # its CR was the last octet of the piece before
    return unified, piece[-1:]
