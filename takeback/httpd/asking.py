"""From a name that somebody gives to the message that is meant, and the part in which they may act on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from takeback.flows.ask import Who
from takeback.httpd.person import Person
from takeback.httpd.problems import Code, Problem
from takeback.httpd.services import Services
from takeback.ports.store import EventView, MessageView


async def message_of(services: Services, person: Person, id: str) -> tuple[MessageView, Who]:
    """The message of that id, and on whose behalf this person acts on it. Somebody else's message is not there:
    raises Problem(NOT_FOUND)."""
    for view in await services.store.find(id):
        if view.id == id and (who := person.who_for(view.account)) is not None:
            return view, who
    raise _no_such_message()


async def recount_of(services: Services, person: Person, id: str) -> tuple[MessageView, Sequence[EventView]]:
    """The message of that id and its events, as of one moment. Raises as `message_of`."""
    recounted = await services.store.recount(id)
    if recounted is None or person.who_for(recounted[0].account) is None:
        raise _no_such_message()
    return recounted


def _no_such_message() -> Problem:
    return Problem(Code.NOT_FOUND, "there is no such message")


def accounts_of(person: Person, wanted: Sequence[str]) -> frozenset[str] | None:
    """Whose messages are meant: one's own where nothing is said, `*` for all that one may see (None: everybody's).
    Raises Problem(NOT_FOUND) for an account with which this person has nothing to do."""
    if not wanted:
        return frozenset({person.account})
    if "*" in wanted:
        return None if person.rights.administrator else frozenset({person.account, *person.rights.acts_for})
    for account in wanted:
        if person.who_for(account) is None:
            raise Problem(Code.NOT_FOUND, "there is no such account")
    return frozenset(wanted)


async def body_of(services: Services, person: Person, view: MessageView) -> AsyncIterator[bytes]:
    """The stored bytes, as they come. Reading what somebody else wrote is in the message's record before the first
    byte. Raises Problem where this person may not, or where the bytes are no longer kept."""
    who = person.who_for(view.account)
    if who is None or not person.may_read_body(view.account):
        raise Problem(Code.NOT_ALLOWED, "reading what others wrote is a right of its own")
    pieces = services.store.read(view.id)
    first = await anext(pieces, None)
    if first is None:
        raise Problem(Code.GONE)
    if view.account != person.account:
        await services.store.note(view.id, "content_read", who.actor, who.client)
    return _joined(first, pieces)


async def _joined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece
