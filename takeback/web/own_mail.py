"""What people set about their mail: whether they are told of what is held, and where their own Sent and Drafts are."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from takeback.httpd.person import FromOurPage, Person, SignedIn
from takeback.httpd.problems import Code, Problem
from takeback.httpd.services import Services, ServicesDep
from takeback.i18n.language import words
from takeback.ports.people import Notices
from takeback.ports.sent_copies import NoEntry, OwnMailbox
from takeback.web.framing import frame, page, see
from takeback.web.pages import Note

_LONGEST = 1000

router = APIRouter(prefix="/settings/mail", dependencies=[FromOurPage], include_in_schema=False)


@router.get("")
async def own_mail(request: Request, services: ServicesDep, person: SignedIn, told: str = "") -> Response:
    framed = frame(request, services, person, "/settings")
    answer = Note("good", [framed.speech.t(_TOLD[told])]) if told in _TOLD else None
    return await _page(request, services, person, answer)


@router.post("/notices")
async def choose_notices(services: ServicesDep, person: SignedIn, notices: Annotated[str, Form()] = "") -> Response:
    if notices not in list(Notices):
        raise Problem(Code.BAD_VALUE, "choose when to be told")
    await services.people.set_preferences(person.account, replace(person.preferences, notices=notices))
    return see("/settings/mail?told=saved")


@router.post("/own")
async def set_own_mailbox(
    request: Request,
    services: ServicesDep,
    person: SignedIn,
    server: Annotated[str, Form()] = "",
    username: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
) -> Response:
    """The login is tried before it is kept."""
    if server not in services.own_mail_servers or not username or not password or len(username + password) > _LONGEST:
        raise Problem(Code.BAD_VALUE, "a server, a user name and a password are needed")
    mailbox = OwnMailbox(person.account, server, username, password)
    try:
        await services.drafts.check(mailbox)
    except NoEntry as error:
        framed = frame(request, services, person)
        said = framed.speech.t(
            "The mailbox cannot be used: {reason}", reason=framed.speech.told(error.words, error.values)
        )
        return await _page(request, services, person, Note("bad", [said]), 422)
    await services.own_mailboxes.set_own_mailbox(mailbox, person.author)
    return see("/settings/mail?told=kept")


@router.post("/own/remove")
async def remove_own_mailbox(services: ServicesDep, person: SignedIn) -> Response:
    await services.own_mailboxes.remove_own_mailbox(person.account, person.author)
    return see("/settings/mail?told=removed")


_TOLD = {
    "saved": words("Saved."),
    "kept": words("The login works, and is kept sealed."),
    "removed": words("The login was removed."),
}


async def _page(
    request: Request, services: Services, person: Person, answer: Note | None, status: int = 200
) -> Response:
    own = await services.own_mailboxes.own_mailbox(person.account)
    return page(
        "own_mail.html",
        frame(request, services, person, "/settings"),
        status,
        answer=answer,
        notices=person.preferences.notices,
        servers=services.own_mail_servers,
        own=own,
    )
