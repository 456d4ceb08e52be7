"""One person's mailbox over doveadm: moved out of sight while it is unread, looked at, deleted or moved back.

doveadm has no conditional write. The search for `unseen` and the move are one transaction of Dovecot, some milliseconds
long, in which a reader may still come first and be overlooked; the flags in the aside folder show all others. The aside
folder is named after the place that a copy came from, so that one which is found there after a crash can be told. What
is put there is made ready in a folder named after its text: who comes after a crash begins anew in the same one.

Answers are JSON: octets that are not UTF-8 do not survive in them. A message that has any is refused, not altered.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from takeback.clock import SECOND
from takeback.mailboxes.doveadm.api import EXISTS, NOT_FOUND, CommandFailed, Doveadm
from takeback.mailboxes.maildir.files import with_crlf
from takeback.mailboxes.marks import are_read, are_removing, canonical, described, without_removal
from takeback.mailboxes.reading import reading
from takeback.mailboxes.wanted import MOST_HEADER, has_message_id
from takeback.ports.mailbox import (
    Copy,
    Declined,
    Kept,
    MailboxRefused,
    MailboxUnavailable,
    Place,
    Reference,
    Removal,
    Removed,
)

_ASIDE = "takeback-recalled-"
_WAITING = f"{_ASIDE}waiting-"
_FIELDS = ["mailbox", "mailbox-guid", "uid", "flags", "modseq", "date.received.unixtime", "size.virtual", "hdr"]
"""An unknown one would end the worker without an answer."""
_UNREAD = ["unseen", "unanswered", "unkeyword", "$Forwarded", "unkeyword", "$MDNSent"]
_ATTEMPTS = 4
_LARGEST_SAVE = 30 << 20
_DIGITS = 10


@dataclass(frozen=True, slots=True)
class _Aside:
    """A copy that was moved out of its folder: its place there, and its flags."""

    folder: str
    flags: frozenset[str]


class DoveadmMailbox:
    """As `takeback.ports.mailbox.Mailbox` promises, but for what the head of this file says."""

    def __init__(self, doveadm: Doveadm, user: str, skipped: Sequence[str], give_back: Callable[[], None]) -> None:
        self._doveadm = doveadm
        self._user = user
        self._skipped = {each.lower() for each in skipped}
        self._give_back: Callable[[], None] | None = give_back

    async def close(self) -> None:
        if self._give_back is not None:
            self._give_back()
            self._give_back = None

    async def find(self, reference: Reference) -> Sequence[Copy]:
        query = ["mailbox", "*", "header", "message-id", reference.message_id]
        rows = await self._ask("fetch", _FIELDS, query=query)
        wanted = [row for row in rows if self._is_wanted(row, reference)]
        return [_copy(row, await self._origin(row["mailbox"])) for row in wanted]

    def _is_wanted(self, row: dict[str, str], reference: Reference) -> bool:
        folder = row["mailbox"]
        if folder.lower() in self._skipped or folder.startswith(_WAITING):
            return False
        return has_message_id(_header(row), reference)

    async def read(self, copy: Copy) -> AsyncIterator[bytes]:
        row = await self._content(copy.place)
        text, _ = with_crlf(row["text"].encode("utf-8", "surrogatepass"))
        if str(len(text)) != row["size.virtual"]:
            raise MailboxRefused("the copy has octets that are not UTF-8, and cannot be read over doveadm")
        yield text

    # Removing

    async def remove(self, copy: Copy, only_if_unread: bool) -> Removed:
        taken = await self._take_aside(copy.place, only_if_unread and not copy.removing)
        return taken if isinstance(taken, Removed) else await self._delete(copy.place, taken)

    async def put_in_place(self, copy: Copy, replacement: Kept, only_if_unread: bool) -> tuple[Removed, Place | None]:
        text = await self._text(replacement)
        taken = await self._take_aside(copy.place, only_if_unread and not copy.removing)
        if isinstance(taken, Removed):
            return taken, None
        try:
            place = await self._put(text, replace(replacement, folder=copy.place.folder, flags=taken.flags))
        except (MailboxRefused, Declined):
            await self._move_back(copy.place, taken)
            raise
        return await self._delete(copy.place, taken), place

    async def _take_aside(self, place: Place, only_if_unread: bool) -> _Aside | Removed:
        """Afterwards it is in its aside folder, unread there if that was asked for; or it is where it was."""
        aside = _aside_folder(place)
        condition = _UNREAD if only_if_unread else []
        for _ in range(_ATTEMPTS):
            await self._move(aside, [*_named(place), *condition])
            taken = await self._look_aside(aside)
            if taken is not None:
                if only_if_unread and are_read(taken.flags):
                    await self._move_back(place, taken)
                    return Removed(Removal.READ, f"{_said(place)}: {described(taken.flags)} when moved", taken.flags)
                return taken
            await self._forget(aside)
            rows = await self._ask("fetch", ["flags"], query=_named(place))
            if not rows:
                return Removed(Removal.GONE, f"{_said(place)}: it is not at its place any more", frozenset())
            flags = _flags(rows[0])
            if only_if_unread and are_read(flags):
                return Removed(Removal.READ, f"{_said(place)}: {described(flags)}", flags)
        raise MailboxUnavailable("the copy could not be moved, though nothing speaks against it")

    async def _look_aside(self, aside: str) -> _Aside | None:
        rows = await self._ask("fetch", ["flags"], query=["mailbox", aside, "all"])
        return _Aside(aside, _flags(rows[0])) if rows else None

    async def _move(self, folder: str, query: Sequence[str]) -> None:
        """Into that folder, which is made where it is missing."""
        try:
            await self._run("mailboxCreate", mailbox=[folder])
        except CommandFailed as failure:
            if failure.status != EXISTS:
                raise Declined(f"no folder could be made: {failure}") from None
        try:
            await self._run("move", destinationMailbox=folder, query=[*query])
        except CommandFailed as failure:
            raise Declined(f"it could not be moved: {failure}") from None

    async def _move_back(self, place: Place, taken: _Aside) -> None:
        await self._move(place.folder, ["mailbox", taken.folder, "all"])
        await self._forget(taken.folder)

    async def _delete(self, place: Place, taken: _Aside) -> Removed:
        """On the word of the expunge, which ends with a status of its own where anything could not be deleted."""
        try:
            await self._run("expunge", query=["mailbox", taken.folder, "all"], deleteEmptyMailbox=True)
        except CommandFailed as failure:
            raise MailboxUnavailable(f"it could not be expunged: {failure}") from None
        evidence = f"{_said(place)}: moved away with {described(taken.flags)}, and expunged"
        return Removed(Removal.REMOVED, evidence, taken.flags)

    async def _forget(self, aside: str) -> None:
        """Afterwards the empty aside folder is gone."""
        try:
            await self._run("mailboxDelete", mailbox=[aside], requireEmpty=True)
        except CommandFailed as failure:
            if failure.status != NOT_FOUND:
                raise MailboxUnavailable(f"the folder {aside} could not be deleted: {failure}") from None

    # Putting

    async def put_back(self, kept: Kept) -> Place:
        """As promised, but that the date of arrival is now: doveadm cannot say another."""
        return await self._put(await self._text(kept), kept)

    async def _put(self, text: str, kept: Kept) -> Place:
        waiting = _WAITING + hashlib.sha256(f"{kept.folder}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
        await self._make_empty(waiting)
        try:
            await self._run("save", mailbox=waiting, file=text)
            flags = sorted(canonical(kept.flags))
            if flags:
                await self._run("flagsAdd", flag=flags, query=["mailbox", waiting, "all"])
            first = await self._next_uid(kept.folder)
            await self._move(kept.folder, ["mailbox", waiting, "all"])
        except CommandFailed as failure:
            raise Declined(f"it could not be put there: {failure}") from None
        finally:
            with _afterwards():
                await asyncio.shield(self._throw_away(waiting))
        with _afterwards():
            return await self._place_of_new(kept, first)

    async def _text(self, kept: Kept) -> str:
        if kept.size > _LARGEST_SAVE:
            raise MailboxRefused("it is too large to be put anywhere over doveadm")
        async with reading(kept.open) as pieces:
            raw = b"".join([piece async for piece in pieces])
        if len(raw) != kept.size:
            raise MailboxUnavailable(f"what was to be put there has {len(raw)} octets instead of {kept.size}")
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            raise MailboxRefused("it has octets that are not UTF-8, and cannot be put anywhere over doveadm") from None

    async def _make_empty(self, folder: str) -> None:
        """Afterwards the folder is there, and what an earlier try left in it is not."""
        try:
            await self._run("mailboxCreate", mailbox=[folder])
        except CommandFailed as failure:
            if failure.status != EXISTS:
                raise Declined(f"no folder could be made: {failure}") from None
            await self._run("expunge", query=["mailbox", folder, "all"])

    async def _throw_away(self, folder: str) -> None:
        await self._run("expunge", query=["mailbox", folder, "all"], deleteEmptyMailbox=True)
        await self._forget(folder)

    async def _next_uid(self, folder: str) -> int:
        """No message that is in the folder now has this UID or a greater one."""
        try:
            rows = await self._ask("mailboxStatus", ["uidnext"], mailboxMask=[folder])
        except CommandFailed as failure:
            if failure.status == NOT_FOUND:
                return 1
            raise
        return _number(rows[0]["uidnext"]) if rows else 1

    async def _place_of_new(self, kept: Kept, first: int) -> Place:
        """Others may have come beside it; the size tells it from them, as far as anything does."""
        query = ["mailbox", kept.folder, "uid", f"{first}:*"]
        rows = await self._ask("fetch", ["uid", "mailbox-guid", "size.virtual"], query=query)
        ours = [row for row in rows if _number(row["uid"]) >= first and row["size.virtual"] == str(kept.size)]
        if not ours:
            raise MailboxUnavailable("what was put there is not there")
        return Place(kept.folder, ours[0]["mailbox-guid"], ours[0]["uid"])

    # Places

    async def _origin(self, folder: str) -> Place | None:
        """Where a copy that was found in an aside folder had come from; None of another folder."""
        guid, _, uid = folder.removeprefix(_ASIDE).partition("-")
        if not folder.startswith(_ASIDE) or not uid.isdigit():
            return None
        rows = await self._ask("mailboxStatus", ["guid"], mailboxMask=["*"])
        names = {row["guid"]: row["mailbox"] for row in rows if "mailbox" in row}
        return Place(names.get(guid, "INBOX"), guid, uid)

    async def _content(self, place: Place) -> dict[str, str]:
        """Of what stands at its place, or in its aside folder where an earlier try left it."""
        for query in (_named(place), ["mailbox", _aside_folder(place), "all"]):
            if rows := await self._ask("fetch", ["text", "size.virtual"], query=query):
                return rows[0]
        raise MailboxUnavailable("the copy is gone from its folder")

    async def _ask(self, command: str, fields: Sequence[str], **parameters: Any) -> Sequence[dict[str, str]]:
        """Rows with all these fields."""
        rows = await self._run(command, field=fields, **parameters)
        if any(not row.keys() >= set(fields) for row in rows):
            raise MailboxUnavailable(f"the answer to {command} is not what doveadm says")
        return rows

    async def _run(self, command: str, **parameters: Any) -> Sequence[dict[str, str]]:
        return await self._doveadm.run(command, user=self._user, **parameters)


@contextmanager
def _afterwards() -> Iterator[None]:
    """What is refused in here is no word on what was done before."""
    try:
        yield
    except (CommandFailed, Declined, MailboxRefused) as failure:
        raise MailboxUnavailable(f"what was put there could not be looked after: {failure}") from None


def _named(place: Place) -> list[str]:
    if not _is_number(place.uid) or not place.validity.isalnum():
        raise MailboxRefused("this place was not given by doveadm")
    return ["mailbox-guid", place.validity, "uid", place.uid]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _DIGITS


def _number(text: str) -> int:
    if not _is_number(text):
        raise MailboxUnavailable("doveadm says a number that is none")
    return int(text)


def _aside_folder(place: Place) -> str:
    return f"{_ASIDE}{_named(place)[1]}-{place.uid}"


def _header(row: dict[str, str]) -> bytes:
    return with_crlf(row["hdr"].encode("utf-8", "surrogatepass")[:MOST_HEADER])[0]


def _flags(row: dict[str, str]) -> frozenset[str]:
    return canonical(row["flags"].split())


def _copy(row: dict[str, str], origin: Place | None) -> Copy:
    flags = _flags(row)
    return Copy(
        place=origin or Place(row["mailbox"], row["mailbox-guid"], row["uid"]),
        flags=without_removal(flags),
        version=row["modseq"],
        size=_number(row["size.virtual"]),
        header=_header(row),
        delivered_at=_number(row["date.received.unixtime"]) * SECOND,
        removing=are_removing(flags) or (origin is not None and not are_read(flags)),
    )


def _said(place: Place) -> str:
    return f"{place.folder} UID {place.uid}"
