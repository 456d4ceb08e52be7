"""The outbox: what is held or on its way, what needs a decision, and what has just left or been stopped."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Request
from fastapi.responses import Response

from takeback.clock import MINUTE, Duration
from takeback.hold.states import OPEN
from takeback.httpd.asking import message_of
from takeback.httpd.person import Person, SignedIn
from takeback.httpd.problems import Problem
from takeback.httpd.services import Services, ServicesDep
from takeback.ports.store import Listing, MessageView
from takeback.web.acts import told_of
from takeback.web.besides import beside
from takeback.web.framing import frame, page
from takeback.web.pages import Frame
from takeback.web.rows import Row, row

_ON_A_PAGE = 20
_JUST_NOW: Duration = 15 * MINUTE
"""For so long after it was sent a message is in the outbox, whatever has become of it."""
_OF_THE_LAST = 10

router = APIRouter(include_in_schema=False)


@router.get("/")
async def outbox(
    request: Request, services: ServicesDep, person: SignedIn, before: str = "", told: str = ""
) -> Response:
    framed = frame(request, services, person, "/")
    views = await _open(services, person, before)
    more = views[-1].id if len(views) == _ON_A_PAGE else ""
    if not before:
        views = _together(views, await _recent(services, person))
    return page(
        "outbox.html",
        framed,
        rows=await _rows(services, person, framed, views),
        answer=await told_of(services, person, framed, told) if told else None,
        connected=bool(views),
        more=more,
    )


@router.get("/outbox/rows/{id}")
async def one_row(request: Request, services: ServicesDep, person: SignedIn, id: str) -> Response:
    """One row as it is now; 204 where there is nothing to show."""
    try:
        view, _ = await message_of(services, person, id)
    except Problem:
        return Response(status_code=204)
    framed = frame(request, services, person, "/")
    return page("_row.html", framed, row=row(view, framed.now, framed.speech, await beside(services, person, view)))


async def _open(services: Services, person: Person, before: str) -> Sequence[MessageView]:
    return await services.store.messages(Listing(_mine(person), _ON_A_PAGE, before or None, OPEN))


async def _recent(services: Services, person: Person) -> list[MessageView]:
    since = services.now() - _JUST_NOW
    latest = await services.store.messages(Listing(_mine(person), _OF_THE_LAST))
    return [view for view in latest if view.accepted_at >= since]


def _mine(person: Person) -> frozenset[str]:
    """One's own mail, and that of those for whom one acts."""
    return frozenset({person.account, *person.rights.acts_for})


def _together(*lists: Sequence[MessageView]) -> list[MessageView]:
    """Each message once, newest first."""
    views = {view.id: view for views in lists for view in views}
    return sorted(views.values(), key=lambda view: (view.accepted_at, view.id), reverse=True)


async def _rows(services: Services, person: Person, framed: Frame, views: Sequence[MessageView]) -> list[Row]:
    return [row(view, framed.now, framed.speech, await beside(services, person, view)) for view in views]
