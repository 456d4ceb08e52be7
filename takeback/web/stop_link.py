"""The page behind the link in a notice: it shows what would be stopped, and stops it when the button is pressed.

To open it changes nothing, so a program that follows every link in a mail does no harm. Whoever has the link need not
be signed in, and learns no more than how many copies there are.
"""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from takeback.errors import NotFound
from takeback.flows.notify import PATH, message_behind, stop_by_link
from takeback.hold.states import STOPPABLE
from takeback.httpd.person import FromOurPage, client_of
from takeback.httpd.problems import Code, Problem
from takeback.httpd.services import ServicesDep
from takeback.ports.store import MessageView
from takeback.web import phrases
from takeback.web.framing import frame, page
from takeback.web.pages import Note

router = APIRouter(prefix=PATH.rstrip("/"), dependencies=[FromOurPage], include_in_schema=False)


@router.get("/{secret}")
async def ask(request: Request, services: ServicesDep, secret: str) -> Response:
    try:
        _, view = await message_behind(services.store, services.people, secret)
    except NotFound:
        raise Problem(Code.NOT_FOUND) from None
    return page("stop_link.html", frame(request, services), answer=None, count=_stoppable(view), secret=secret)


@router.post("/{secret}")
async def stop(request: Request, services: ServicesDep, secret: str) -> Response:
    try:
        told = await stop_by_link(services.store, services.people, secret, client_of(request))
    except NotFound:
        raise Problem(Code.NOT_FOUND) from None
    framed = frame(request, services)
    answer = Note("warn" if told.refused else "good", phrases.stopped(told, framed.speech))
    return page("stop_link.html", framed, answer=answer, count=0, secret="")


def _stoppable(view: MessageView) -> int:
    return sum(each.state in STOPPABLE for each in view.recipients)
