"""One person's Maildir: finds copies, takes one away on a condition, puts one back.

The condition is a rename of the file by its exact name. The flags are part of that name, so a reader who was there
first has changed it, and the rename finds nothing. The message goes into `tmp`, where no reader looks, and is
deleted there.
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import ParamSpec, TypeVar

from takeback.clock import SECOND, now
from takeback.ids import new_token
from takeback.mail.maildir import host_in_name
from takeback.mailboxes.maildir.filenames import FileName, Keywords, directory_name, folder_name, name_with
from takeback.mailboxes.maildir.files import Directory, Stored, crlf_pieces, make_folder
from takeback.mailboxes.marks import REMOVAL, are_read, are_removing, canonical, described, without_removal
from takeback.mailboxes.reading import reading
from takeback.mailboxes.wanted import has_message_id
from takeback.ports.mailbox import (
    Copy,
    Kept,
    MailboxRefused,
    MailboxUnavailable,
    Place,
    QuotaExceeded,
    Reference,
    Removal,
    Removed,
)

_P = ParamSpec("_P")
_T = TypeVar("_T")

_ATTEMPTS = 4
_NANOSECONDS = 1000
"""In a microsecond, which is what an Instant counts."""
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


class MaildirMailbox:
    """As `takeback.ports.mailbox.Mailbox` promises. Quota is the file system's alone."""

    def __init__(self, root: Path, skipped: Sequence[str], hostname: str, give_back: Callable[[], None]) -> None:
        self._root = root
        self._skipped = {each.lower() for each in skipped}
        self._hostname = host_in_name(hostname)
        self._give_back: Callable[[], None] | None = give_back

    async def close(self) -> None:
        if self._give_back is not None:
            self._give_back()
            self._give_back = None

    async def find(self, reference: Reference) -> Sequence[Copy]:
        return await self._in_thread(self._find, reference)

    async def read(self, copy: Copy) -> AsyncIterator[bytes]:
        descriptor = await self._in_thread(self._open, copy.place)
        try:
            pieces = crlf_pieces(descriptor)
            while (piece := await self._in_thread(next, pieces, b"")) != b"":
                yield piece
        finally:
            os.close(descriptor)

    async def remove(self, copy: Copy, only_if_unread: bool) -> Removed:
        taken = await self._in_thread(self._take_out, copy.place, only_if_unread)
        if isinstance(taken, Removed):
            return taken
        await self._in_thread(self._delete, copy.place, taken)
        return await self._removed(copy.place, taken)

    async def put_in_place(self, copy: Copy, replacement: Kept, only_if_unread: bool) -> tuple[Removed, Place | None]:
        taken = await self._in_thread(self._take_out, copy.place, only_if_unread)
        if isinstance(taken, Removed):
            return taken, None
        removed = await self._removed(copy.place, taken)
        wearing = replace(replacement, folder=copy.place.folder, flags=removed.flags, delivered_at=copy.delivered_at)
        try:
            place = await self.put_back(wearing)
        except BaseException:
            await self._in_thread(self._put_in_again, copy.place, taken)
            raise
        await self._in_thread(self._delete, copy.place, taken)
        return removed, place

    async def put_back(self, kept: Kept) -> Place:
        unique = f"{now() // SECOND}.{new_token()}.{self._hostname}"
        directory = self._directory(kept.folder)
        await self._in_thread(self._check_is_there)
        if directory:
            await self._in_thread(make_folder, self._root, directory)
        with self._folder(kept.folder) as folder:
            name = name_with(unique, canonical(kept.flags), folder.keywords())
            descriptor = await self._in_thread(folder.create, unique)
            try:
                await self._write(descriptor, kept)
                await self._in_thread(_finish, descriptor, kept)
                await self._in_thread(folder.put_in, unique, name)
            except BaseException:
                await self._in_thread(folder.drop, unique, name)
                raise
            finally:
                os.close(descriptor)
        return Place(kept.folder, "", unique)

    # In a thread

    def _find(self, reference: Reference) -> list[Copy]:
        self._check_is_there()
        copies: list[Copy] = []
        for name in self._folders():
            with suppress(FileNotFoundError, NotADirectoryError), self._folder(name) as folder:
                keywords = folder.keywords()
                stored = [*self._matching(folder, folder.files(), reference)]
                aside = [*self._matching(folder, folder.aside(), reference)]
                copies += [_copy(name, each, keywords) for each in (*stored, *aside)]
        return copies

    def _check_is_there(self) -> None:
        if not (self._root / "cur").is_dir():
            raise MailboxRefused(f"there is no Maildir at {self._root}")

    def _folders(self) -> Iterator[str]:
        with os.scandir(self._root) as entries:
            names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        yield "INBOX"
        for directory in sorted(names):
            name = folder_name(directory)
            if name is not None and name.lower() not in self._skipped:
                yield name

    def _matching(self, folder: Directory, files: Sequence[FileName], reference: Reference) -> Iterator[Stored]:
        """A file that was renamed since it was listed is looked for under its new name."""
        for file in files:
            current: FileName | None = file
            for _ in range(_ATTEMPTS):
                if current is None:
                    break
                try:
                    header = folder.header(current)
                    if has_message_id(header, reference):
                        yield folder.look(current, header)
                    break
                except FileNotFoundError:
                    current = folder.current(file.unique)
                except OSError as error:
                    if error.errno != errno.ELOOP:
                        raise
                    break  # a symbolic link is no message

    def _open(self, place: Place) -> int:
        with self._folder(place.folder) as folder:
            for _ in range(_ATTEMPTS):
                file = folder.current(place.uid) or _set_aside(folder, place)
                if file is None:
                    break
                with suppress(FileNotFoundError):
                    return folder.open(file)
        raise MailboxUnavailable("the copy is gone from its folder")

    def _take_out(self, place: Place, only_if_unread: bool) -> FileName | Removed:
        """The conditional step. The file is out of its folder afterwards, or nothing was changed."""
        try:
            with self._folder(place.folder) as folder:
                return self._take_out_of(folder, place, only_if_unread)
        except (FileNotFoundError, NotADirectoryError):
            return _gone(place, "its folder is gone")

    def _take_out_of(self, folder: Directory, place: Place, only_if_unread: bool) -> FileName | Removed:
        earlier = _set_aside(folder, place)
        if earlier is not None:
            return earlier
        keywords = folder.keywords()
        for _ in range(_ATTEMPTS):
            file = folder.current(place.uid)
            if file is None:
                return _gone(place, "it is not in its folder any more")
            flags = file.flags(keywords)
            if only_if_unread and are_read(flags) and not are_removing(flags):
                return Removed(Removal.READ, f"{_where(place)}: {described(flags)}", canonical(flags))
            with suppress(FileNotFoundError):
                folder.take_out(file)
                return file
        raise MailboxUnavailable("the copy was renamed each time that it was to be removed")

    def _delete(self, place: Place, file: FileName) -> None:
        with self._folder(place.folder) as folder:
            folder.delete_aside(file)

    def _put_in_again(self, place: Place, file: FileName) -> None:
        with self._folder(place.folder) as folder:
            folder.put_in_again(file if file.place != "tmp" else FileName("cur", file.name))

    def _flags(self, place: Place, file: FileName) -> frozenset[str]:
        with self._folder(place.folder) as folder:
            return without_removal(file.flags(folder.keywords()))

    async def _removed(self, place: Place, file: FileName) -> Removed:
        flags = await self._in_thread(self._flags, place, file)
        if are_removing(file.flags({})) or file.place == "tmp":
            flags -= REMOVAL
        return Removed(Removal.REMOVED, f"{_where(place)}: renamed from {file.place}/{file.name}", flags)

    # Writing

    async def _write(self, descriptor: int, kept: Kept) -> None:
        size = 0
        async with reading(kept.open) as pieces:
            async for piece in pieces:
                size += len(piece)
                await self._in_thread(_write_all, descriptor, piece)
        if size != kept.size:
            raise MailboxUnavailable(f"what was to be put there has {size} octets instead of {kept.size}")

    def _folder(self, name: str) -> Directory:
        return Directory(self._root / self._directory(name))

    def _directory(self, folder: str) -> str:
        try:
            return directory_name(folder)
        except ValueError as error:
            raise MailboxRefused(f"{folder!r}: {error}") from None

    async def _in_thread(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Runs to its end even where we are cancelled, so that what comes next finds nothing half done."""
        with _explaining():
            task = asyncio.ensure_future(asyncio.to_thread(work, *args, **kwargs))
            try:
                return await asyncio.shield(task)
            except asyncio.CancelledError:
                await asyncio.wait([task])
                raise


@contextmanager
def _explaining() -> Iterator[None]:
    """What the system says, in the words of the contract."""
    try:
        yield
    except PermissionError as error:
        raise MailboxRefused(f"{error.filename}: {error.strerror}") from None
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise QuotaExceeded(f"{error.strerror}") from None
        raise MailboxUnavailable(f"{error.strerror or error}") from None


def _set_aside(folder: Directory, place: Place) -> FileName | None:
    """The file of an earlier try that took it out and did not end."""
    return next((file for file in folder.aside() if file.unique == place.uid), None)


def _write_all(descriptor: int, piece: bytes) -> None:
    rest = memoryview(piece)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _finish(descriptor: int, kept: Kept) -> None:
    """The time of the file is what IMAP servers show as the date of arrival."""
    if kept.delivered_at is not None:
        os.utime(descriptor, ns=(kept.delivered_at * _NANOSECONDS,) * 2)
    os.fsync(descriptor)


def _copy(folder: str, stored: Stored, keywords: Keywords) -> Copy:
    flags = canonical(stored.file.flags(keywords))
    return Copy(
        place=Place(folder, "", stored.file.unique),
        flags=without_removal(flags),
        version=f"{stored.file.place}/{stored.file.name}",
        size=stored.size,
        header=stored.header,
        delivered_at=stored.modified_ns // _NANOSECONDS,
        removing=stored.file.place == "tmp" or are_removing(flags),
    )


def _where(place: Place) -> str:
    return f"{place.folder} {place.uid}"


def _gone(place: Place, why: str) -> Removed:
    return Removed(Removal.GONE, f"{_where(place)}: {why}", frozenset())
