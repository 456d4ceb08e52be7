"""The events stream: what changes, as it changes (server-sent events)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from takeback.api.messages import Accounts
from takeback.clock import rfc3339
from takeback.httpd.asking import accounts_of
from takeback.httpd.person import AskerDep, asker
from takeback.httpd.problems import Code, Problem
from takeback.httpd.services import Services, ServicesDep
from takeback.ports.people import Scope
from takeback.ports.store import Change

router = APIRouter(tags=["events"])

HEARTBEAT_SECONDS = 15.0
STREAMS_OF_ONE_ACCOUNT = 20
_MISSED_AT_MOST = 1000
"""Whoever has missed more is told to look at everything anew."""
_RETRY_MILLISECONDS = 2000


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "`now`, `change` and `reset` events."}},
)
async def events(
    request: Request,
    services: ServicesDep,
    person: AskerDep,
    account: Accounts = None,
    after: Annotated[int | None, Query(ge=0, le=2**62, description="As Last-Event-ID.")] = None,
    last_event_id: Annotated[str | None, Header(max_length=20)] = None,
) -> StreamingResponse:
    """Changes to messages, whoever made them, within half a second.

    The first event is `now`, with the server's time; it comes again whenever nothing else did for a while. From the
    first one on nothing is missed. With `Last-Event-ID` what happened since comes first; `reset` says that too much
    did, or that the reader was too slow: then look at everything anew.
    """
    person.need(Scope.READ)
    if last_event_id is not None and last_event_id.isascii() and last_event_id.isdigit():
        after = min(int(last_event_id), 2**62)
    accounts = accounts_of(person, account or [])
    if services.changes.listeners_named(person.account) >= STREAMS_OF_ONE_ACCOUNT:
        raise Problem(Code.TOO_MANY, "too many streams are open")
    stream = _stream(request, services, person.account, accounts, after)
    return StreamingResponse(stream, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _stream(
    request: Request, services: Services, name: str, accounts: frozenset[str] | None, after: int | None
) -> AsyncIterator[bytes]:
    told: set[int] = set()
    async with aclosing(services.changes.listen(accounts, HEARTBEAT_SECONDS, name)) as changes:
        begun = False
        async for change in changes:
            if change is not None:
                if change.id not in told:
                    yield _change(change)
                continue
            if begun and not await _still_allowed(request, services):
                return
            yield _event("now", {"now": rfc3339(services.now())}, head=f"retry: {_RETRY_MILLISECONDS}\n")
            if not begun and after is not None:
                missed = await services.store.changes_since(after, accounts, _MISSED_AT_MOST + 1)
                if len(missed) > _MISSED_AT_MOST:
                    yield _event("reset", {})
                else:
                    told.update(each.id for each in missed)
                    for each in missed:
                        yield _change(each)
            begun = True
    yield _event("reset", {})


async def _still_allowed(request: Request, services: Services) -> bool:
    """A session that was ended or a key that was revoked meanwhile hears no more."""
    try:
        await asker(request, services)
    except Problem:
        return False
    return True


def _change(change: Change) -> bytes:
    document = {
        "message": change.message,
        "account": change.account,
        "at": rfc3339(change.at),
        "kind": change.kind,
    }
    return _event("change", document, head=f"id: {change.id}\n")


def _event(kind: str, document: dict[str, str], head: str = "") -> bytes:
    """JSON keeps line ends out of the data."""
    return f"{head}event: {kind}\ndata: {json.dumps(document)}\n\n".encode()
