"""What was stopped: kept, to be edited and sent again, downloaded, or dropped."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from takeback.clock import DAY
from takeback.flows.accept import Refused
from takeback.flows.drop import drop
from takeback.flows.resend import Draft, NotEditable, draft_of
from takeback.hold.states import State
from takeback.httpd.asking import message_of
from takeback.httpd.person import FromOurPage, Person, SignedIn
from takeback.httpd.problems import Code, Problem
from takeback.httpd.services import Services, ServicesDep
from takeback.ids import digest, new_secret
from takeback.ports.people import Attempt
from takeback.ports.store import Listing, MessageView
from takeback.web import editing
from takeback.web.besides import beside, content_of
from takeback.web.framing import frame, page, see
from takeback.web.pages import Note
from takeback.web.rows import row

_ON_A_PAGE = 40

router = APIRouter(dependencies=[FromOurPage], include_in_schema=False)


@router.get("/stopped")
async def stopped(
    request: Request, services: ServicesDep, person: SignedIn, before: str = "", told: str = ""
) -> Response:
    framed = frame(request, services, person, "/stopped")
    mine = frozenset({person.account, *person.rights.acts_for})
    listing = Listing(mine, _ON_A_PAGE, before or None, frozenset({State.UNDONE}), with_content=True)
    views = await services.store.messages(listing)
    return page(
        "stopped.html",
        framed,
        rows=[row(view, framed.now, framed.speech, await beside(services, person, view)) for view in views],
        more=views[-1].id if len(views) == _ON_A_PAGE else "",
        days=services.stopped_kept // DAY,
        answer=Note("plain", [framed.speech.t("Deleted. Its text is gone for good.")]) if told == "dropped" else None,
    )


@router.post("/messages/{id}/drop")
async def drop_message(services: ServicesDep, person: SignedIn, id: str) -> Response:
    view, who = await message_of(services, person, id)
    await drop(services.store, view.id, who)
    return see("/stopped?told=dropped")


@router.get("/messages/{id}/edit")
async def edit_page(request: Request, services: ServicesDep, person: SignedIn, id: str) -> Response:
    view, _ = await message_of(services, person, id)
    draft = await _draft(services, person, view)
    return editing.form("edit.html", request, services, person, view, draft, editing.as_it_was(draft))


@router.post("/messages/{id}/edit")
async def send_edited(
    request: Request,
    services: ServicesDep,
    person: SignedIn,
    id: str,
    keep: Annotated[list[int], Form(default_factory=list)],
    recipients: Annotated[str, Form()] = "",
    subject: Annotated[str, Form()] = "",
    text: Annotated[str | None, Form()] = None,
    once: Annotated[str, Form()] = "",
) -> Response:
    """Sent once, however often the button is pressed: `once` names the form that was filled in."""
    view, who = await message_of(services, person, id)
    draft = await _draft(services, person, view)
    wanted = editing.Wanted(recipients, subject, text or "", frozenset(keep))
    attempt = Attempt(f"edit:{person.account}", digest(once), view.id, new_secret())
    if await services.people.begin(attempt) is not None:
        return see("/")
    try:
        content = await content_of(services, person, view)
        accepted = await services.resender.resend(view, content, editing.changes(draft, wanted, text), who)
    except (NotEditable, Refused) as error:
        await services.people.abandon(attempt)
        return editing.form("edit.html", request, services, person, view, draft, wanted, error)
    await services.people.finish(attempt, 303, "")
    return see(f"/?told=sent.{accepted.id}")


async def _draft(services: Services, person: Person, view: MessageView) -> Draft:
    """Raises Problem where there is nothing to send again."""
    if not any(each.state is State.UNDONE for each in view.recipients):
        raise Problem(Code.NOT_FOUND, "only what was stopped can be sent again")
    return await asyncio.to_thread(draft_of, await content_of(services, person, view), view)
