"""Messages: what was submitted, what becomes of it, and what can still be done about it."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response, StreamingResponse

from takeback.api import models
from takeback.api.once import IdempotencyKey, once
from takeback.clock import Instant, parse_rfc3339
from takeback.flows import documents
from takeback.flows.documents import Document
from takeback.flows.hold import hold, send_now
from takeback.flows.undo import undo
from takeback.hold.states import State
from takeback.httpd.asking import accounts_of, body_of, message_of, recount_of
from takeback.httpd.person import AskerDep, Person
from takeback.httpd.problems import Code, Problem
from takeback.httpd.services import Services, ServicesDep
from takeback.ports.people import Scope
from takeback.ports.store import Listing, MessageView
from takeback.quantities import parse_duration

router = APIRouter(prefix="/messages", tags=["messages"])

Id = Annotated[str, Path(max_length=64, pattern=r"^[a-z0-9]+$", description="The message's id.")]
Accounts = Annotated[
    list[str] | None,
    Query(max_length=100, description="Whose messages; yours if left out, `*` for all that you may see."),
]


@router.get("", response_model=models.MessagePage)
async def list_messages(
    services: ServicesDep,
    person: AskerDep,
    account: Accounts = None,
    state: Annotated[list[State] | None, Query(description="Some recipient is in one of these states.")] = None,
    before: Annotated[str | None, Query(max_length=64, description="Older than the message of this id.")] = None,
    message_id: Annotated[str | None, Query(max_length=1000, description="With this Message-ID.")] = None,
    reports: Annotated[bool, Query(description="Also the reports that Takeback itself sends.")] = False,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Document:
    """Submissions, newest first, page by page."""
    person.need(Scope.READ)
    accounts = accounts_of(person, account or [])
    if message_id is not None:
        found = [view for view in await services.store.find(message_id) if accounts is None or view.account in accounts]
    else:
        listing = Listing(accounts, limit, before, frozenset(state or ()), with_reports=reports)
        found = list(await services.store.messages(listing))
    page = found[:limit]
    more = page[-1].id if message_id is None and len(page) == limit else None
    return {"messages": [documents.message(shown_to(person, view)) for view in page], "next": more}


@router.get("/{id}", response_model=models.WholeMessage)
async def get_message(services: ServicesDep, person: AskerDep, id: Id) -> Document:
    """Every recipient's state, and everything that happened: what `takeback show --json` prints."""
    person.need(Scope.READ)
    view, events = await recount_of(services, person, id)
    also = [other for other in await _others(services, view) if other.id != view.id]
    return documents.shown(shown_to(person, view), events, also)


@router.get(
    "/{id}/content",
    response_class=StreamingResponse,
    responses={200: {"content": {"message/rfc822": {}}, "description": "The bytes, as they will leave."}},
)
async def get_content(services: ServicesDep, person: AskerDep, id: Id) -> Response:
    """What was submitted, with the lines that Takeback put on top. Reading what others wrote needs the right to, and is
    recorded."""
    person.need(Scope.CONTENT)
    view, _ = await message_of(services, person, id)
    headers = {
        "Content-Disposition": f'attachment; filename="{view.id}.eml"',
        "Content-Length": str(view.size),
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return StreamingResponse(await body_of(services, person, view), headers=headers, media_type="message/rfc822")


@router.post("/{id}/undo", response_model=models.Undone)
async def undo_message(
    request: Request,
    services: ServicesDep,
    person: AskerDep,
    id: Id,
    asked: models.UndoRequest | None = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Stop it before it leaves. What is answered as stopped never leaves."""
    person.need(Scope.ACT)
    view, who = await message_of(services, person, id)

    async def act() -> Document:
        return documents.undone(await undo(services.store, view.id, who, _recipients(asked)))

    return await once(services, person, request, idempotency_key, act)


@router.post("/{id}/release", response_model=models.Released)
async def release_message(
    request: Request,
    services: ServicesDep,
    person: AskerDep,
    id: Id,
    asked: models.ReleaseRequest | None = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Send now. With `again`, what is unknown is sent once more, and may arrive twice."""
    person.need(Scope.ACT)
    view, who = await message_of(services, person, id)
    again = asked is not None and asked.again

    async def act() -> Document:
        return documents.released(await send_now(services.store, view.id, who, _recipients(asked), again))

    return await once(services, person, request, idempotency_key, act, repeatable=not again)


@router.post("/{id}/hold", response_model=models.Held)
async def hold_message(
    request: Request,
    services: ServicesDep,
    person: AskerDep,
    id: Id,
    asked: models.HoldRequest,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Hold longer, or until somebody releases it."""
    person.need(Scope.ACT)
    view, who = await message_of(services, person, id)
    until = _until(asked, services.now())

    async def act() -> Document:
        return documents.held(await hold(services.store, view.id, until, who, _recipients(asked)))

    return await once(services, person, request, idempotency_key, act)


def shown_to(person: Person, view: MessageView) -> MessageView:
    """An administrator sees envelopes; subject and findings tell what somebody wrote."""
    if person.may_see_subject(view.account):
        return view
    return replace(view, subject="", findings=(), withheld=True)


async def _others(services: Services, view: MessageView) -> list[MessageView]:
    """Submissions of the same account under the same Message-ID."""
    return list(await services.store.find(view.message_id, view.account)) if view.message_id else []


def _recipients(asked: models.UndoRequest | models.ReleaseRequest | models.HoldRequest | None) -> list[str]:
    return asked.recipients or [] if asked is not None else []


def _until(asked: models.HoldRequest, now: Instant) -> Instant | None:
    """Raises Problem unless exactly one time is named and has yet to come."""
    if sum((asked.for_ is not None, asked.until is not None, asked.until_released)) != 1:
        raise Problem(Code.BAD_VALUE, "say how long: one of for, until, until_released")
    if asked.until_released:
        return None
    try:
        until = now + parse_duration(asked.for_) if asked.for_ is not None else parse_rfc3339(asked.until or "")
    except (ValueError, OverflowError) as error:
        raise Problem(Code.BAD_VALUE, str(error)) from None
    if until <= now:
        raise Problem(Code.BAD_VALUE, "that is no time to hold for; release sends at once")
    return until
