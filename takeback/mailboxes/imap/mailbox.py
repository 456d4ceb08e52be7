"""One person's mailbox over IMAP: finds copies, takes one away on a condition, puts one back.

The condition is decided by one conditional STORE (RFC 7162 §3.1.3). Until it is answered with OK nothing has happened;
afterwards the copy is ours to remove, and `\\Deleted $Recalled` on it says so to whoever comes after a crash.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from takeback.mailboxes.imap import commands
from takeback.mailboxes.imap.commands import Seen, Selection
from takeback.mailboxes.imap.connection import Connection
from takeback.mailboxes.imap.folders import (
    Folder,
    Namespaces,
    folders_in,
    namespaces_in,
    read_name,
    to_search,
    write_name,
)
from takeback.mailboxes.imap.responses import NotImap
from takeback.mailboxes.imap.session import Answer, Command, string
from takeback.mailboxes.marks import (
    DELETED,
    READ,
    REMOVAL,
    are_read,
    are_removing,
    described,
    without_removal,
)
from takeback.mailboxes.wanted import has_message_id
from takeback.ports.mailbox import (
    Copy,
    Declined,
    Kept,
    MailboxRefused,
    MailboxUnavailable,
    Place,
    QuotaExceeded,
    Reference,
    Removal,
    Removed,
)

_FOLDERS_AT_ONCE = 50
_HEADERS_AT_ONCE = 10
_ATTEMPTS = 4
"""Conditional steps on one copy: one, and three more where something about it had changed."""


@dataclass(frozen=True, slots=True)
class _Marked:
    """The conditional step was met: what it saw, and the server's word for it."""

    flags: frozenset[str]
    words: str


class ImapMailbox:
    """As `takeback.ports.mailbox.Mailbox` promises."""

    def __init__(
        self,
        connection: Connection,
        capabilities: frozenset[str],
        skipped: Sequence[str],
        server: str,
        give_back: Callable[[Connection], None],
    ) -> None:
        self._connection = connection
        self._capabilities = capabilities
        self._skipped = skipped
        self._server = server
        self._give_back = give_back
        self._selected: tuple[bytes, bool, Selection] | None = None
        """The folder that is selected now, and whether by SELECT."""
        self._whole: dict[Place, bytes] = {}
        """Messages that are about to be removed, and small enough to be shown whole when they were looked at."""

    async def close(self) -> None:
        self._give_back(self._connection)

    # Finding

    async def find(self, reference: Reference) -> Sequence[Copy]:
        with self._understanding():
            self._whole.clear()
            folders = to_search(*await self._list(), self._skipped)
            copies: list[Copy] = []
            for folder, validity, uids in await self._search(folders, reference):
                copies += await self._look(folder, validity, uids, reference)
            return copies

    async def _list(self) -> tuple[list[Folder], Namespaces]:
        special = {"LIST-EXTENDED", "SPECIAL-USE"} <= self._capabilities
        listing = Command.of(b'LIST "" "*"' + (b" RETURN (SPECIAL-USE)" if special else b""))
        if "NAMESPACE" in self._capabilities:
            listed, names = await self._connection.run(listing, Command.of(b"NAMESPACE"))
            namespaces = namespaces_in(names)
        else:
            (listed,) = await self._connection.run(listing)
            namespaces = Namespaces()
        if not listed.ok:
            raise self._refusal("LIST", listed)
        folders = folders_in(listed)
        if not any(folder.is_inbox for folder in folders):
            raise MailboxRefused(
                f"{self._server} shows no INBOX: there is no such mailbox, or this login has no rights in it"
            )
        return folders, namespaces

    async def _search(self, folders: Sequence[Folder], reference: Reference) -> list[tuple[Folder, str, list[int]]]:
        """Folders with messages that may be wanted: UIDVALIDITY and UIDs. INBOX is opened for writing where a removal
        follows: most copies are there, and to open a folder is what costs a server most."""
        found = []
        search = commands.search(reference, extended="ESEARCH" in self._capabilities)
        for start in range(0, len(folders), _FOLDERS_AT_ONCE):
            some = folders[start : start + _FOLDERS_AT_ONCE]
            writable = [reference.to_remove and folder.is_inbox for folder in some]
            pairs = [
                (commands.select(folder.wire, writable=how), search) for folder, how in zip(some, writable, strict=True)
            ]
            answers = await self._connection.run(*(command for pair in pairs for command in pair))
            for folder, how, opened, searched in zip(some, writable, answers[::2], answers[1::2], strict=True):
                if not opened.ok:
                    await self._check_is_gone(folder.wire, opened)
                    continue
                if not searched.ok:
                    raise self._refusal("SEARCH", searched)
                selection = self._note_selected(folder.wire, how, opened)
                if uids := commands.uids_in(searched):
                    found.append((folder, selection.validity, uids))
        return found

    async def _look(self, folder: Folder, validity: str, uids: Sequence[int], reference: Reference) -> list[Copy]:
        """By EXAMINE still, but for INBOX, which nobody can delete: a folder that is selected and then deleted would
        end the session."""
        selection = await self._select(folder.wire, writable=False)
        if selection is None:
            return []
        if selection.validity != validity:
            raise MailboxUnavailable(f"{self._server} numbered a folder anew while it was searched")
        batches = [uids[start : start + _HEADERS_AT_ONCE] for start in range(0, len(uids), _HEADERS_AT_ONCE)]
        answers = [
            answer
            for batch in batches
            for answer in await self._connection.run(commands.look(batch, text=reference.to_remove))
        ]
        return [copy for answer in answers for copy in self._wanted(folder, validity, answer, uids, reference)]

    def _wanted(
        self, folder: Folder, validity: str, answer: Answer, uids: Sequence[int], reference: Reference
    ) -> Iterator[Copy]:
        if not answer.ok:
            raise self._refusal("FETCH", answer)
        for uid, shown in sorted(commands.fetched([answer]).items()):
            if uid in uids and has_message_id(shown.header or b"", reference):
                place = Place(read_name(folder.wire), validity, str(uid))
                if shown.whole is not None and len(self._whole) < _HEADERS_AT_ONCE:
                    self._whole[place] = shown.whole
                yield _copy(place, shown)

    # Reading

    async def read(self, copy: Copy) -> AsyncIterator[bytes]:
        if (whole := self._whole.get(copy.place)) is not None:
            yield whole
            return
        with self._understanding():
            wire, uid = self._spoken(copy.place)
            selection = await self._select(wire, writable=False)
            if selection is None or selection.validity != copy.place.validity:
                raise MailboxUnavailable(f"{self._server}: the copy is gone from its folder")
            async for piece in self._connection.stream(commands.fetch_body(uid)):
                yield piece

    # Removing

    async def remove(self, copy: Copy, only_if_unread: bool) -> Removed:
        with self._understanding():
            marked = await self._mark(copy, only_if_unread)
            return marked if isinstance(marked, Removed) else await self._carry_out(copy.place, marked)

    async def put_in_place(self, copy: Copy, replacement: Kept, only_if_unread: bool) -> tuple[Removed, Place | None]:
        with self._understanding():
            marked = await self._mark(copy, only_if_unread)
            if isinstance(marked, Removed):
                return marked, None
            try:
                wearing = replace(
                    replacement,
                    folder=copy.place.folder,
                    flags=without_removal(marked.flags),
                    delivered_at=copy.delivered_at,
                )
                place = await self._append(wearing)
            except (MailboxRefused, Declined):
                await self._restore(copy.place, marked.flags)
                raise
            return await self._carry_out(copy.place, marked), place

    async def _mark(self, copy: Copy, only_if_unread: bool) -> _Marked | Removed:
        """The conditional step. Afterwards the copy carries our mark, or nothing was changed."""
        wire, uid = self._spoken(copy.place)
        selection = await self._select(wire, writable=True)
        if selection is None or selection.validity != copy.place.validity:
            return _gone(copy.place, "its folder is gone, or was numbered anew")
        self._check_can_mark(selection, copy.place)
        shown = _as_found(copy) or await self._flags(uid)
        for _ in range(_ATTEMPTS):
            if shown is None:
                return _gone(copy.place, "it is not at its place any more")
            flags, modseq = shown
            if are_removing(flags):
                return _Marked(without_removal(flags) - {DELETED}, "it carried our mark from an earlier try")
            if only_if_unread and are_read(flags):
                return Removed(Removal.READ, f"{_where(copy.place)}: {described(flags)}", flags)
            marks = {mark for mark in REMOVAL if selection.permits(mark)}
            (answer,) = await self._connection.run(commands.store_if_unchanged(uid, modseq, flags | marks))
            if await self._was_met(answer, uid, modseq, marks):
                return _Marked(flags, f"conditional STORE at MODSEQ {modseq}: {answer.words}")
            shown = await self._flags(uid)
        raise MailboxUnavailable(f"{self._server}: the copy changed each time that it was to be removed")

    def _check_can_mark(self, selection: Selection, place: Place) -> None:
        if not selection.writable or not selection.permits(DELETED):
            raise MailboxRefused(f"{self._server} gives no right to delete in {place.folder}")
        if not selection.conditional:
            raise MailboxRefused(f"{self._server} keeps no mod-sequences in {place.folder}: nothing is removed there")

    async def _was_met(self, answer: Answer, uid: int, modseq: int, marks: set[str]) -> bool:
        """Whether the conditional STORE was done. Where its answer alone does not say so, the flags do."""
        if commands.modified(answer, uid):
            return False
        stored = commands.fetched([answer]).get(uid)
        if answer.ok and stored is not None and (stored.modseq or 0) > modseq:
            return True
        shown = await self._flags(uid)
        if not answer.ok and shown is not None:
            raise self._refusal("STORE", answer)
        return shown is not None and shown[1] > modseq and marks <= shown[0]

    async def _carry_out(self, place: Place, marked: _Marked) -> Removed:
        """Removes what carries our mark, and only that; then makes sure that it is gone."""
        _, uid = self._spoken(place)
        look = commands.look_at_flags(uid)
        before, expunged, after = await self._connection.run(look, commands.expunge(uid), look)
        if not expunged.ok:
            if expunged.status.code == b"NOPERM":
                await self._restore(place, marked.flags)
            raise self._refusal("UID EXPUNGE", expunged)
        if uid in commands.fetched([after]):
            raise MailboxUnavailable(
                f"{self._server} said {expunged.words} to UID EXPUNGE, and the copy is still there"
            )
        last = commands.fetched([before, expunged]).get(uid)
        flags_at_last = (last.flags if last else None) or frozenset()
        seen_later = not READ.isdisjoint(flags_at_last - marked.flags)
        evidence = f"{_where(place)}: {marked.words}; UID EXPUNGE: {expunged.words}"
        return Removed(Removal.REMOVED, evidence, marked.flags, seen_later)

    async def _restore(self, place: Place, flags: frozenset[str]) -> None:
        """Takes our mark off again. What a reader did meanwhile stays."""
        _, uid = self._spoken(place)
        (answer,) = await self._connection.run(commands.take_flags_off(uid, REMOVAL - flags))
        if not answer.ok:
            raise MailboxUnavailable(f"{self._server} did not let our mark be taken off: {answer.words}")

    async def _flags(self, uid: int) -> tuple[frozenset[str], int] | None:
        """The copy's flags and mod-sequence now; None where it is gone."""
        (answer,) = await self._connection.run(commands.look_at_flags(uid))
        if not answer.ok:
            raise self._refusal("FETCH", answer)
        shown = commands.fetched([answer]).get(uid)
        if shown is None:
            return None
        if shown.flags is None or shown.modseq is None:
            raise MailboxUnavailable(f"{self._server} does not tell the flags of a copy")
        return shown.flags, shown.modseq

    # Putting

    async def put_back(self, kept: Kept) -> Place:
        with self._understanding():
            return await self._append(kept)

    async def _append(self, kept: Kept) -> Place:
        wire = self._wire(kept.folder)
        command = commands.append(wire, kept)
        answer = await self._connection.append(command, kept)
        if not answer.ok and answer.status.code == b"TRYCREATE":
            created, _ = await self._connection.run(
                Command.of(b"CREATE ", string(wire)), Command.of(b"SUBSCRIBE ", string(wire))
            )
            if not created.ok:
                raise self._refusal("CREATE", created)
            answer = await self._connection.append(command, kept)
        if not answer.ok:
            raise self._refusal("APPEND", answer)
        return Place(kept.folder, *commands.appended(answer))

    # Folders

    async def _select(self, wire: bytes, *, writable: bool) -> Selection | None:
        """What is told of the folder once it is selected; None where there is no such folder."""
        if self._selected is not None and self._selected[:2] in ((wire, True), (wire, writable)):
            return self._selected[2]
        (answer,) = await self._connection.run(commands.select(wire, writable=writable))
        if not answer.ok:
            self._selected = None
            await self._check_is_gone(wire, answer)
            return None
        return self._note_selected(wire, writable, answer)

    def _note_selected(self, wire: bytes, writable: bool, answer: Answer) -> Selection:
        selection = commands.selection_in(answer)
        self._selected = (wire, writable, selection)
        return selection

    async def _check_is_gone(self, wire: bytes, refused: Answer) -> None:
        """Raises unless the folder that could not be selected is not there."""
        if refused.status.code == b"NONEXISTENT":
            return
        (listed,) = await self._connection.run(Command.of(b'LIST "" ', string(wire)))
        if not listed.ok or any(folder.wire == wire for folder in folders_in(listed)):
            raise self._refusal(f"SELECT {read_name(wire)}", refused)

    def _spoken(self, place: Place) -> tuple[bytes, int]:
        """Folder and UID as the server is told them."""
        if not place.uid.isdigit():
            raise MailboxRefused("this place was not given by an IMAP server")
        return self._wire(place.folder), int(place.uid)

    def _wire(self, folder: str) -> bytes:
        try:
            return write_name(folder)
        except ValueError as error:
            raise MailboxRefused(f"{folder!r}: {error}") from None

    # What goes wrong

    def _refusal(self, what: str, answer: Answer) -> MailboxUnavailable | MailboxRefused:
        text = f"{self._server} answered {what} with {answer.words}"
        if answer.status.code == b"OVERQUOTA" or b"over quota" in answer.status.text.lower():  # Cyrus 3.6 has no code
            return QuotaExceeded(text)
        match answer.status.code:
            case b"NOPERM" | b"CANNOT" | b"TOOBIG":
                return MailboxRefused(text)
        return Declined(text)

    @contextmanager
    def _understanding(self) -> Iterator[None]:
        """Where an answer makes no sense, the connection is of no more use."""
        try:
            yield
        except NotImap as error:
            self._connection.abort()
            raise MailboxUnavailable(f"{self._server} does not speak IMAP: {error}") from None


def _copy(place: Place, seen: Seen) -> Copy:
    flags = seen.flags or frozenset()
    return Copy(
        place=place,
        flags=without_removal(flags),
        version="" if seen.modseq is None else str(seen.modseq),
        size=seen.size,
        header=seen.header or b"",
        delivered_at=seen.delivered_at,
        removing=are_removing(flags),
    )


def _as_found(copy: Copy) -> tuple[frozenset[str], int] | None:
    """What the first conditional step goes by. Where it is out of date, that step is refused and the copy looked at."""
    if copy.removing or are_read(copy.flags) or not copy.version.isdigit():
        return None
    return copy.flags, int(copy.version)


def _where(place: Place) -> str:
    return f"{place.folder} UID {place.uid} (UIDVALIDITY {place.validity})"


def _gone(place: Place, why: str) -> Removed:
    return Removed(Removal.GONE, f"{_where(place)}: {why}", frozenset())
