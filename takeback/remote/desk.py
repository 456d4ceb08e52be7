"""The desk of a gateway elsewhere: what the commands ask of a store, asked over HTTP with an API key."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from takeback.clock import Instant, rfc3339
from takeback.errors import Ambiguous, NotFound, RemoteError, StoreUnavailable
from takeback.hold.states import OPEN, State
from takeback.mail import address
from takeback.ports.people import Right
from takeback.ports.store import Answer, EventView, HoldRequest, MessageView, ReleaseRequest, Selection
from takeback.remote.answers import Acted, Held, Me, Page, Released, Undone, Whole
from takeback.remote.wire import Query, Wire

_PAGE = 100
_LARGEST_PAGE = 200
_MOST_MESSAGES = 100_000
_LONGEST_REFERENCE = 1_000
EVERYBODY = "*"


@asynccontextmanager
async def open_remote(server: str, key: str) -> AsyncIterator[RemoteDesk]:
    """A desk that has answered and accepted the key. Raises RemoteError."""
    wire = Wire(server, key)
    try:
        yield RemoteDesk(wire, await wire.get("/people/me", Me))
    finally:
        await wire.close()


class RemoteDesk:
    """`takeback.ports.desk.Desk`. Where no account is named, everybody's mail that the key may see is meant."""

    def __init__(self, wire: Wire, me: Me) -> None:
        self.wire = wire
        self._me = me
        self._found: dict[str, MessageView] = {}

    def now(self) -> Instant:
        return self.wire.now()

    async def find(self, reference: str, account: str | None = None) -> Sequence[MessageView]:
        if not 0 < len(reference) <= _LONGEST_REFERENCE:
            return []
        page = await self._page([*_of(account), ("message_id", reference), ("limit", str(_LARGEST_PAGE))])
        if len(page) == _LARGEST_PAGE:
            raise Ambiguous("{reference} was submitted too often; name one submission by its id", reference=reference)
        self._found.update((view.id, view) for view in page)
        return page

    async def last(self, account: str | None = None) -> MessageView | None:
        if account is None and (self._me.acts_for or Right.ADMINISTRATOR in self._me.rights):
            raise Ambiguous("this key is for the mail of several accounts; say which one with --account")
        page = await self._page([*_of(account), ("limit", "1")])
        self._found.update((view.id, view) for view in page)
        return page[0] if page else None

    async def outbox(self, account: str | None, limit: int | None) -> Sequence[MessageView]:
        most = _MOST_MESSAGES if limit is None else limit
        states = [("state", each.value) for each in State if each in OPEN]
        query = [*_of(account), *states, ("reports", "true"), ("limit", str(min(_PAGE, most)))]
        found: dict[str, MessageView] = {}
        before: Query = ()
        while True:
            page = await self.wire.get("/messages", Page, [*query, *before])
            views = [each.view() for each in page.messages]
            if found.keys() & {view.id for view in views} or len(found) > _MOST_MESSAGES:
                raise RemoteError("not_takeback", "{server}: its pages have no end", server=self.wire.server)
            found.update((view.id, view) for view in views)
            if not views or page.next is None or len(found) >= most:
                return list(found.values())[:limit]
            before = [("before", page.next)]

    async def recount(self, message: str) -> tuple[MessageView, Sequence[EventView]] | None:
        try:
            whole = await self.wire.get(f"/messages/{message}", Whole)
        except NotFound:
            return None
        return whole.view(), whole.record()

    async def undo(self, selection: Selection) -> Sequence[Answer]:
        return [await self._act(message, to, "undo", {}, Undone, State.UNDONE) for message, to in self.meant(selection)]

    async def release(self, request: ReleaseRequest) -> Sequence[Answer]:
        asked = {"again": request.again}
        return [
            await self._act(message, to, "release", asked, Released, State.HELD)
            for message, to in self.meant(request.selection)
        ]

    async def hold(self, request: HoldRequest) -> Sequence[Answer]:
        asked = {"until_released": True} if request.due_at is None else {"until": rfc3339(request.due_at)}
        return [
            await self._act(message, to, "hold", asked, Held, State.HELD)
            for message, to in self.meant(request.selection)
        ]

    async def _page(self, query: Query) -> list[MessageView]:
        return [each.view() for each in (await self.wire.get("/messages", Page, query)).messages]

    def meant(self, selection: Selection) -> Iterator[tuple[MessageView, list[str]]]:
        """Each message that has recipients who are meant, with them: a gateway refuses names that a message has not."""
        for id in selection.messages:
            view = self._found[id]
            wanted = selection.recipients
            names = [each.address for each in view.recipients]
            if to := [each for each in names if wanted is None or address.key(each) in wanted]:
                yield view, to

    async def _act(
        self, message: MessageView, to: list[str], act: str, asked: Mapping[str, Any], form: type[Acted], state: State
    ) -> Answer:
        """Raises StoreUnavailable where the answer does not speak of everybody: nothing is taken for granted."""
        everybody = len(to) == len(message.recipients)
        named = {} if everybody else {"recipients": to}
        acted = await self.wire.act(f"/messages/{message.id}/{act}", {**asked, **named}, form)
        told = [*acted.done, *(each.address for each in acted.refused)]
        if sorted(told) != sorted(to):
            raise StoreUnavailable(
                "{server}: its answer does not speak of everybody; ask again", server=self.wire.server
            )
        return acted.answer(message.id, state, self.now())


def _of(account: str | None) -> Query:
    return [("account", EVERYBODY if account is None else account)]
