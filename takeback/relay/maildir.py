"""Delivery into Maildirs: written to tmp, synced, marked, renamed into new, and the folder synced.

The rename is what the final dot is for a server. The bytes are those of the store, CRLF and all; no line is added.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import ParamSpec, TypeVar

from takeback.clock import SECOND, now
from takeback.ids import new_token
from takeback.mail.maildir import host_in_name, mailbox_path
from takeback.ports import Consignment, Content, MarkDot, Outcome, Verdict
from takeback.relay.destination import Folder
from takeback.relay.reading import reading

_P = ParamSpec("_P")
_T = TypeVar("_T")

_WITHDRAWN = Outcome(Verdict.WITHDRAWN, "450 4.3.0 stopped before it was put in place")
_DELIVERED = Outcome(Verdict.SENT, "250 2.1.5 delivered", delivered=True)
_CLOSED = Outcome(Verdict.DEFERRED, "421 4.3.2 this relay is being closed")
_NO_SUCH_NAME = Outcome(Verdict.FAILED, "553 5.1.3 no mailbox can have this name")
_PIECE = 1 << 20
"""Bytes that are gathered before a thread writes them."""


class _DiskTrouble(Exception):
    """The system refused to write. Apart from OSError, which the content's reader may raise as well."""


class MaildirRelay:
    """Puts each recipient's copy into the Maildir that bears his name. What is missing is made, with mode 0700.

    The outcome is said by nobody but us, so `server` is empty throughout.
    """

    def __init__(self, folder: Folder, hostname: str, *, writers: int = 10) -> None:
        """`writers` is how many copies are written at once."""
        self._template = folder.template
        self._hostname = host_in_name(hostname)
        self._threads = ThreadPoolExecutor(max_workers=writers, thread_name_prefix="maildir")
        self._under_way: set[asyncio.Future[None]] = set()
        self._closed = False

    async def deliver(self, consignment: Consignment, mark_dot: MarkDot) -> Sequence[Outcome]:
        """As `takeback.ports.Relay` promises, with one dot mark for each recipient.

        An exception of `mark_dot`, or of the content's reader, comes through also where earlier recipients have
        got theirs: their marks are set, so they are known as `leaving`.
        """
        recipients = consignment.envelope.recipients
        if self._closed:
            return [_CLOSED for _ in recipients]
        finished = asyncio.get_running_loop().create_future()
        self._under_way.add(finished)
        try:
            return [
                await self._deliver_to(position, recipient.address, consignment.content, mark_dot)
                for position, recipient in enumerate(recipients)
            ]
        finally:
            self._under_way.discard(finished)
            finished.set_result(None)

    async def close(self) -> None:
        """Afterwards what was under way has ended, and its threads too."""
        self._closed = True
        await asyncio.gather(*self._under_way)
        self._threads.shutdown()

    async def _deliver_to(self, position: int, address: str, content: Content, mark_dot: MarkDot) -> Outcome:
        maildir = mailbox_path(self._template, address)
        if maildir is None:
            return _NO_SUCH_NAME
        name = f"{now() // SECOND}.{new_token()}.{self._hostname}"
        waiting = maildir / "tmp" / name
        outcome = None
        try:
            if (trouble := await self._write(maildir, waiting, content)) is not None:
                return trouble
            if not await mark_dot((position,)):
                return _WITHDRAWN
            outcome = await self._in_thread(_put_in_place, waiting, maildir / "new" / name)
            return outcome
        finally:
            if outcome is not _DELIVERED:
                await self._in_thread(_remove, waiting)

    async def _write(self, maildir: Path, waiting: Path, content: Content) -> Outcome | None:
        """Afterwards the file is whole and on the disk; or the outcome says why it is not."""
        size, pieces, begun = 0, [], False
        try:
            async with reading(content) as chunks:
                async for chunk in chunks:
                    pieces.append(chunk)
                    size += len(chunk)
                    if sum(map(len, pieces)) >= _PIECE:
                        await self._in_thread(_append, maildir, waiting, pieces, first=not begun, last=False)
                        pieces, begun = [], True
            await self._in_thread(_append, maildir, waiting, pieces, first=not begun, last=True)
        except _DiskTrouble as trouble:
            return _deferred(str(trouble))
        if size != content.size:
            return Outcome(Verdict.DEFERRED, f"451 4.3.0 the store gave {size} of {content.size} bytes")
        return None

    async def _in_thread(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Runs to its end even where we are cancelled, so that what comes next finds nothing half done."""
        future = asyncio.get_running_loop().run_in_executor(self._threads, lambda: work(*args, **kwargs))
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await asyncio.wait([future])
            raise


def _append(maildir: Path, waiting: Path, pieces: Sequence[bytes], *, first: bool, last: bool) -> None:
    """Writes on. Keeps nothing open in between, so nothing is left open where we are cancelled."""
    try:
        if first:
            for folder in ("tmp", "new", "cur"):
                _make_folder(maildir / folder)
        creating = os.O_CREAT | os.O_EXCL if first else os.O_APPEND
        with os.fdopen(os.open(waiting, os.O_WRONLY | os.O_CLOEXEC | creating, 0o600), "wb") as file:
            file.writelines(pieces)
            file.flush()
            if last:
                os.fsync(file.fileno())
    except OSError as error:
        raise _DiskTrouble(error.strerror) from error


def _make_folder(path: Path) -> None:
    """Afterwards the folder exists, and will after a power cut."""
    if path.is_dir():
        return
    _make_folder(path.parent)
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
    _sync_folder(path.parent)


def _put_in_place(waiting: Path, final: Path) -> Outcome:
    """The rename is the delivery. Where it is not certain what became of it, the outcome says so."""
    try:
        waiting.rename(final)
    except OSError as error:
        if not _was_not_moved(waiting, final):
            return Outcome(Verdict.UNKNOWN, f"451 4.3.0 it cannot be told whether it is in place: {error.strerror}")
        return _deferred(error.strerror)
    try:
        _sync_folder(final.parent)
    except OSError as error:
        return Outcome(Verdict.UNKNOWN, f"451 4.3.0 in place, but not safe from a power cut: {error.strerror}")
    return _DELIVERED


def _was_not_moved(waiting: Path, final: Path) -> bool:
    try:
        return waiting.exists() and not final.exists()
    except OSError:
        return False


def _remove(waiting: Path) -> None:
    with suppress(OSError):
        waiting.unlink()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _deferred(reason: str | None) -> Outcome:
    return Outcome(Verdict.DEFERRED, f"451 4.3.0 the mailbox cannot be written: {reason}")
