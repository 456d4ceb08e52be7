"""One person's mailbox over JMAP: finds copies, takes one away on a condition, puts one back.

The condition is `ifInState` (RFC 8620 §5.3): what is done is done only if nothing in the account has changed since the
copy was looked at. So a removal is one step, and leaves no trace that would have to be recognised after a crash.

One Email may stand in several folders, and some servers (Cyrus) show identical copies, also of one folder, as one. A
copy is here an Email in one folder; taking it away leaves it in the others. A read mark on any of them counts for all
of them: the Email's own keywords may show only those that all of them bear, so each mark is also searched for.

To replace one takes several steps: the new bytes are uploaded into no folder; the old Email gets the keyword
`$recalled` on the condition; the new one is imported; the old one is removed. If the import is refused the keyword is
taken off.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from takeback.clock import from_datetime, to_datetime
from takeback.mailboxes.jmap.answers import Changed, Email, Emails, Folders, Found, NotJmap, problem, understood
from takeback.mailboxes.jmap.calls import Jmap, Method, StateMismatch
from takeback.mailboxes.jmap.folders import Tree
from takeback.mailboxes.jmap.keywords import READ_KEYWORDS, RECALLED_KEYWORD, flags_of, keywords_of
from takeback.mailboxes.marks import READ, are_read, described, without_removal
from takeback.mailboxes.wanted import MOST_HEADER, MOST_OFFERS, has_message_id, message_ids_in
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

_PROPERTIES = ["id", "blobId", "mailboxIds", "keywords", "size", "receivedAt"]
_AT_ONCE = 100
_WAITS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
"""Seconds after a condition that was not met. The state is the whole account's: a busy one changes often."""
_NEW = "new"


@dataclass(frozen=True, slots=True)
class _Standing:
    """A copy as it is at this state of the account: its Email, and the flags of all its copies together."""

    email: Email
    flags: frozenset[str]
    state: str

    @property
    def is_removing(self) -> bool:
        return RECALLED_KEYWORD in self.email.flags


@dataclass(frozen=True, slots=True)
class _Done:
    """The conditional step was met: what it saw, and the states before and after."""

    flags: frozenset[str]
    words: str


Change = Callable[[_Standing], dict[str, Any]]


class JmapMailbox:
    """As `takeback.ports.mailbox.Mailbox` promises."""

    def __init__(self, jmap: Jmap, skipped: Sequence[str], give_back: Callable[[], None]) -> None:
        self._jmap = jmap
        self._skipped = skipped
        self._give_back: Callable[[], None] | None = give_back

    async def close(self) -> None:
        if self._give_back is not None:
            self._give_back()
            self._give_back = None

    # Finding

    async def find(self, reference: Reference) -> Sequence[Copy]:
        with self._jmap.understanding():
            offered = await self._search(reference)
            if not offered:
                return []
            tree = await self._tree()
            copies: list[Copy] = []
            for start in range(0, len(offered), _AT_ONCE):
                for standing in await self._look(offered[start : start + _AT_ONCE], [reference.message_id]):
                    copies += await self._copies(standing, tree, reference)
            return copies

    async def _search(self, reference: Reference) -> list[str]:
        """The ids of all Emails that may be wanted."""
        ids: list[str] = []
        while True:
            query = {"filter": _header(reference.message_id), "position": len(ids), "calculateTotal": True}
            (answer,) = await self._call(("Email/query", query | {"limit": MOST_OFFERS}))
            found = understood(Found, answer)
            ids += found.ids
            if found.total is None or len(ids) > MOST_OFFERS or found.total > MOST_OFFERS:
                raise MailboxUnavailable(f"{self._jmap.name} offers more than anybody has, or does not say how much")
            if len(ids) >= found.total:
                return list(dict.fromkeys(ids))
            if not found.ids:
                raise MailboxUnavailable(f"{self._jmap.name} shows a part of what it found")

    async def _look(self, ids: Sequence[str], message_ids: Sequence[str]) -> list[_Standing]:
        """Those Emails that are there. The marks are searched for after the state was taken, so none is overlooked."""
        searches = [(message_id, keyword) for message_id in message_ids for keyword in READ_KEYWORDS]
        got, *found = await self._call(
            ("Email/get", {"ids": list(ids), "properties": _PROPERTIES}),
            *(("Email/query", _marked(message_id, keyword)) for message_id, keyword in searches),
        )
        emails = understood(Emails, got)
        marked: dict[str, set[str]] = {}
        for (_, keyword), answer in zip(searches, found, strict=True):
            for id in understood(Found, answer).ids:
                marked.setdefault(id, set()).add(keyword)
        return [
            _Standing(email, flags_of(email.flags | marked.get(email.id, set())), emails.state)
            for email in emails.list
            if email.id in ids
        ]

    async def _copies(self, standing: _Standing, tree: Tree, reference: Reference) -> list[Copy]:
        email = standing.email
        folders = [id for id in sorted(email.folders) if email.is_in(id)]
        if unknown := [id for id in folders if tree.path(id) is None]:
            raise MailboxUnavailable(f"{self._jmap.name} shows a copy in {len(unknown)} folders that it does not show")
        wanted = [id for id in folders if not tree.is_skipped(id, self._skipped)]
        if not wanted:
            return []
        header = await self._header(email)
        if not has_message_id(header, reference):
            return []
        return [_copy(Place(tree.path(id) or "", id, email.id), standing, header) for id in wanted]

    async def _header(self, email: Email) -> bytes:
        header = b""
        async with aclosing(self._jmap.download(email.blob)) as pieces:
            async for piece in pieces:
                header += piece
                end = header.find(b"\r\n\r\n")
                if end >= 0:
                    return header[: end + 4]
                if len(header) > MOST_HEADER:
                    break
        return header[:MOST_HEADER]

    async def _tree(self) -> Tree:
        (answer,) = await self._call(("Mailbox/get", {"ids": None, "properties": ["id", "name", "parentId", "role"]}))
        return Tree(understood(Folders, answer).list)

    # Reading

    async def read(self, copy: Copy) -> AsyncIterator[bytes]:
        with self._jmap.understanding():
            (answer,) = await self._call(("Email/get", {"ids": [copy.place.uid], "properties": _PROPERTIES}))
            email = understood(Emails, answer).one(copy.place.uid)
            if email is None or not email.is_in(copy.place.validity):
                raise MailboxUnavailable(f"{self._jmap.name}: the copy is gone from its folder")
            left = email.size
            async with aclosing(self._jmap.download(email.blob)) as pieces:
                async for piece in pieces:
                    left -= len(piece)
                    if left < 0:
                        break
                    yield piece
            if left:
                raise MailboxUnavailable(f"{self._jmap.name} sends another number of octets than it says")

    # Removing

    async def remove(self, copy: Copy, only_if_unread: bool) -> Removed:
        with self._jmap.understanding():
            done = await self._on_condition(copy, only_if_unread, lambda standing: _removal(standing, copy.place))
            if isinstance(done, Removed):
                return done
            await self._check_is_gone(copy.place)
            return Removed(Removal.REMOVED, f"{_said(copy.place)}: {done.words}", done.flags)

    async def put_in_place(self, copy: Copy, replacement: Kept, only_if_unread: bool) -> tuple[Removed, Place | None]:
        with self._jmap.understanding():
            blob = await self._jmap.upload(replacement)
            marked = await self._on_condition(copy, only_if_unread, _marking)
            if isinstance(marked, Removed):
                return marked, None
            wearing = replace(replacement, folder=copy.place.folder, flags=marked.flags, delivered_at=copy.delivered_at)
            try:
                place = await self._import(blob, copy.place.validity, wearing)
            except (MailboxRefused, Declined):
                await self._set({"update": {copy.place.uid: {f"keywords/{RECALLED_KEYWORD}": None}}}, copy.place.uid)
                raise
            return await self._carry_out(copy.place, marked), place

    async def _on_condition(self, copy: Copy, only_if_unread: bool, change: Change) -> _Done | Removed:
        """The conditional step. Afterwards the change is made to what was looked at, or nothing was changed."""
        for wait in _WAITS:
            await asyncio.sleep(wait)
            standing = await self._stand(copy)
            if standing is None:
                return _gone(copy.place)
            if only_if_unread and not standing.is_removing and are_read(standing.flags):
                return Removed(Removal.READ, f"{_said(copy.place)}: {described(standing.flags)}", standing.flags)
            try:
                after = await self._set({"ifInState": standing.state} | change(standing), copy.place.uid)
            except StateMismatch:
                continue
            words = f"Email/set with ifInState {standing.state[:100]} was done, and the state is {after[:100]}"
            return _Done(without_removal(standing.flags), words)
        raise MailboxUnavailable(f"{self._jmap.name}: the account changed each time that the copy was to be removed")

    async def _stand(self, copy: Copy) -> _Standing | None:
        """How the copy stands now; None where it is not at its place any more."""
        looked = await self._look([copy.place.uid], message_ids_in(copy.header))
        return next((each for each in looked if each.email.is_in(copy.place.validity)), None)

    async def _set(self, change: dict[str, Any], id: str) -> str:
        """The state afterwards. Raises StateMismatch."""
        (answer,) = await self._jmap.call(("Email/set", change))
        changed = understood(Changed, answer)
        if error := changed.error(id):
            raise problem(self._jmap.name, "Email/set", error.model_dump())
        if id not in (changed.destroyed or ()) and id not in (changed.updated or {}):
            raise NotJmap("Email/set says nothing about what was to be changed")
        return changed.new_state or ""

    async def _carry_out(self, place: Place, marked: _Done) -> Removed:
        """Removes what carries our mark, whatever a reader did meanwhile."""
        (answer,) = await self._call(("Email/get", {"ids": [place.uid], "properties": _PROPERTIES}))
        emails = understood(Emails, answer)
        last = emails.one(place.uid)
        if last is not None and last.is_in(place.validity):
            standing = _Standing(last, flags_of(last.flags), emails.state)
            with self._unconditionally():
                await self._set(_removal(standing, place), place.uid)
            await self._check_is_gone(place)
        flags_at_last = flags_of(last.flags) if last is not None else frozenset()
        seen_later = not READ.isdisjoint(flags_at_last - marked.flags)
        evidence = f"{_said(place)}: marked by {marked.words}; then removed"
        return Removed(Removal.REMOVED, evidence, marked.flags, seen_later)

    async def _check_is_gone(self, place: Place) -> None:
        (answer,) = await self._call(("Email/get", {"ids": [place.uid], "properties": _PROPERTIES}))
        email = understood(Emails, answer).one(place.uid)
        if email is not None and email.is_in(place.validity):
            raise MailboxUnavailable(f"{self._jmap.name} said that it removed the copy, and it is still there")

    # Putting

    async def put_back(self, kept: Kept) -> Place:
        with self._jmap.understanding():
            blob = await self._jmap.upload(kept)
            return await self._import(blob, await self._folder(kept.folder), kept)

    async def _import(self, blob: str, folder: str, kept: Kept) -> Place:
        new: dict[str, Any] = {"blobId": blob, "mailboxIds": {folder: True}, "keywords": keywords_of(kept.flags)}
        if kept.delivered_at is not None:
            new["receivedAt"] = f"{to_datetime(kept.delivered_at):%Y-%m-%dT%H:%M:%SZ}"
        (answer,) = await self._call(("Email/import", {"emails": {_NEW: new}}))
        changed = understood(Changed, answer)
        error = changed.error(_NEW)
        if error is not None and error.type == "alreadyExists" and error.existing:
            return await self._also_in(folder, error.existing, kept)
        if error is not None:
            raise problem(self._jmap.name, "Email/import", error.model_dump())
        if _NEW not in (changed.created or {}):
            raise NotJmap("Email/import says nothing about what was to be imported")
        return Place(kept.folder, folder, (changed.created or {})[_NEW].id)

    async def _also_in(self, folder: str, existing: str, kept: Kept) -> Place:
        """The same bytes are in the account already, and stand there as one Email: it is shown in that folder too."""
        with self._unconditionally():
            await self._set({"update": {existing: {f"mailboxIds/{_pointer(folder)}": True}}}, existing)
        return Place(kept.folder, folder, existing)

    async def _folder(self, path: str) -> str:
        """The folder's id. It and those around it are made where they are missing."""
        tree = await self._tree()
        if (id := tree.find(path)) is not None:
            return id
        above, _, name = path.rpartition("/")
        parent = await self._folder(above) if above else None
        create = {_NEW: {"name": name, "parentId": parent, "isSubscribed": True}}
        (answer,) = await self._call(("Mailbox/set", {"create": create}))
        changed = understood(Changed, answer)
        if error := changed.error(_NEW):
            raise problem(self._jmap.name, "Mailbox/set", error.model_dump())
        if _NEW not in (changed.created or {}):
            raise NotJmap("Mailbox/set says nothing about what was to be made")
        return (changed.created or {})[_NEW].id

    # What goes wrong

    async def _call(self, *methods: Method) -> Sequence[Any]:
        with self._unconditionally():
            return await self._jmap.call(*methods)

    @contextmanager
    def _unconditionally(self) -> Iterator[None]:
        try:
            yield
        except StateMismatch:
            raise MailboxUnavailable(f"{self._jmap.name} refuses for a condition that was not made") from None


def _header(message_id: str) -> dict[str, Any]:
    return {"header": ["Message-ID", message_id]}


def _marked(message_id: str, keyword: str) -> dict[str, Any]:
    """Which of the Emails with that Message-ID bear the mark, in whichever folder."""
    conditions = [_header(message_id), {"hasKeyword": keyword}]
    return {"filter": {"operator": "AND", "conditions": conditions}, "limit": MOST_OFFERS}


def _removal(standing: _Standing, place: Place) -> dict[str, Any]:
    """Out of this folder; where it is in no other, out of the account."""
    email = standing.email
    if not any(is_there for id, is_there in email.folders.items() if id != place.validity):
        return {"destroy": [email.id]}
    patch: dict[str, Any] = {f"mailboxIds/{_pointer(place.validity)}": None}
    if standing.is_removing:
        patch[f"keywords/{RECALLED_KEYWORD}"] = None
    return {"update": {email.id: patch}}


def _marking(standing: _Standing) -> dict[str, Any]:
    return {"update": {standing.email.id: {f"keywords/{RECALLED_KEYWORD}": True}}}


def _pointer(name: str) -> str:
    """The name within a JSON pointer (RFC 6901 §3)."""
    return name.replace("~", "~0").replace("/", "~1")


def _copy(place: Place, standing: _Standing, header: bytes) -> Copy:
    received = standing.email.received
    return Copy(
        place=place,
        flags=without_removal(standing.flags),
        version=standing.state,
        size=standing.email.size,
        header=header,
        delivered_at=from_datetime(received) if received is not None else None,
        removing=standing.is_removing,
    )


def _said(place: Place) -> str:
    return f"{place.folder} Email {place.uid}"


def _gone(place: Place) -> Removed:
    return Removed(Removal.GONE, f"{_said(place)}: it is not at its place any more", frozenset())
