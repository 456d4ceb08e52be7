"""Edit and replace: the corrected message takes the place of what was delivered and nobody has read."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from takeback.errors import LimitReached
from takeback.flows.recall import Wish
from takeback.flows.replace import Corrected, ReviewObjects
from takeback.flows.resend import NotEditable, draft_of, edited
from takeback.httpd.asking import message_of
from takeback.httpd.person import FromOurPage, Person, SignedIn
from takeback.httpd.services import Services, ServicesDep
from takeback.ids import digest, new_secret
from takeback.ports.people import Attempt
from takeback.recall.replacement import CannotReplace
from takeback.web import editing
from takeback.web.besides import content_of
from takeback.web.framing import frame, see
from takeback.web.recall_page import must_reach

_TEMPLATE = "replace.html"

router = APIRouter(prefix="/messages", dependencies=[FromOurPage], include_in_schema=False)


@router.get("/{id}/replace")
async def replace_page(request: Request, services: ServicesDep, person: SignedIn, id: str) -> Response:
    view, _ = await message_of(services, person, id)
    must_reach(services)
    draft = await asyncio.to_thread(draft_of, await content_of(services, person, view), view)
    return editing.form(_TEMPLATE, request, services, person, view, draft, editing.as_it_was(draft))


@router.post("/{id}/replace")
async def replace(
    request: Request,
    services: ServicesDep,
    person: SignedIn,
    id: str,
    keep: Annotated[list[int], Form(default_factory=list)],
    subject: Annotated[str, Form()] = "",
    text: Annotated[str | None, Form()] = None,
    despite: Annotated[str, Form()] = "",
    once: Annotated[str, Form()] = "",
) -> Response:
    """Asked for once, however often the button is pressed: `once` names the form that was filled in."""
    view, who = await message_of(services, person, id)
    must_reach(services)
    content = await content_of(services, person, view)
    draft = await asyncio.to_thread(draft_of, content, view)
    wanted = editing.Wanted("\n".join(draft.recipients), subject, text or "", frozenset(keep))
    attempt = Attempt(f"replace:{person.account}", digest(once), view.id, new_secret())
    if await services.people.begin(attempt) is not None:
        return see(f"/messages/{view.id}/recall")
    try:
        message = await asyncio.to_thread(edited, content, view, editing.changes(draft, wanted, text))
        await services.recall_acts.replace(Wish(view.id), Corrected(message, bool(despite)), who)
    except (NotEditable, CannotReplace, LimitReached) as error:
        await services.people.abandon(attempt)
        problem = _in_the_language_of(request, services, person, error) if isinstance(error, ReviewObjects) else error
        return editing.form(_TEMPLATE, request, services, person, view, draft, wanted, problem)
    await services.people.finish(attempt, 303, "")
    return see(f"/messages/{view.id}/recall")


def _in_the_language_of(request: Request, services: Services, person: Person, error: ReviewObjects) -> CannotReplace:
    """What the review finds has words in each language, and they are in the error in English only."""
    speech = frame(request, services, person).speech
    reasons = [each.reason.said(speech.language.code) for each in error.findings]
    said = "; ".join(reasons) or str(speech.t("it could not be reviewed"))
    return CannotReplace("the review would hold the corrected message: {reasons}", reasons=said)
