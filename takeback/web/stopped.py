"""What was stopped: kept, to be edited and sent again, downloaded, or dropped."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from takeback.hold.states import State
from takeback.httpd.person import SignedIn
from takeback.httpd.services import ServicesDep
from takeback.ports.store import Listing
from takeback.web.besides import beside
from takeback.web.framing import frame, page
from takeback.web.rows import row

_ON_A_PAGE = 40

router = APIRouter(include_in_schema=False)


@router.get("/stopped")
async def stopped(request: Request, services: ServicesDep, person: SignedIn, before: str = "") -> Response:
    framed = frame(request, services, person, "/stopped")
    mine = frozenset({person.account, *person.rights.acts_for})
    views = await services.store.messages(Listing(mine, _ON_A_PAGE, before or None, frozenset({State.UNDONE})))
    return page(
        "stopped.html",
        framed,
        rows=[row(view, framed.now, framed.speech, await beside(services, person, view)) for view in views],
        more=views[-1].id if len(views) == _ON_A_PAGE else "",
    )
