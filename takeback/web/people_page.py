"""For administrators: who has how much under way, and the envelopes of each. What is in them is not shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import Response
from markupsafe import Markup

from takeback.hold.states import OPEN
from takeback.httpd.person import Person, SignedIn
from takeback.httpd.problems import Code, Problem
from takeback.httpd.services import ServicesDep
from takeback.i18n.language import words
from takeback.ports.people import PersonRecord, Right
from takeback.ports.recall import WaitingRecall
from takeback.ports.store import Listing
from takeback.web.besides import beside
from takeback.web.framing import frame, page
from takeback.web.pages import Frame
from takeback.web.rows import row
from takeback.web.speech import Speech, isolated

_ON_A_PAGE = 40
_RIGHTS = {Right.ADMINISTRATOR: words("administrator"), Right.READ_BODIES: words("reads what others wrote")}

router = APIRouter(prefix="/people", include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Line:
    account: str
    open: int
    rights: Sequence[Markup]


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """A recall that waits for a second person."""

    message: str
    account: Markup
    actor: Markup
    at: Markup


@router.get("")
async def people(request: Request, services: ServicesDep, person: SignedIn) -> Response:
    _must_be_administrator(person)
    framed = frame(request, services, person, "/people")
    records = {record.account: record for record in await services.people.people()}
    counts = await services.store.open_by_account()
    known = {account.key for account in await services.store.accounts()} | set(records) | set(counts)
    lines = [
        Line(account, counts.get(account, 0), _rights(records.get(account), framed.speech)) for account in sorted(known)
    ]
    waiting = [_waiting(each, framed) for each in await services.recalls.waiting()]
    return page("people.html", framed, people=lines, waiting=waiting)


@router.get("/outbox")
async def outbox_of(
    request: Request, services: ServicesDep, person: SignedIn, account: str = "", before: str = ""
) -> Response:
    """What somebody else has under way: undo and the other acts work here as they do on one's own."""
    _must_be_administrator(person)
    framed = frame(request, services, person, "/people")
    views = await services.store.messages(Listing(frozenset({account}), _ON_A_PAGE, before or None, OPEN))
    return page(
        "people_outbox.html",
        framed,
        account=account,
        rows=[row(view, framed.now, framed.speech, await beside(services, person, view)) for view in views],
        more=views[-1].id if len(views) == _ON_A_PAGE else "",
    )


def _must_be_administrator(person: Person) -> None:
    """Whoever is none does not learn that the page is there."""
    if not person.rights.administrator:
        raise Problem(Code.NOT_FOUND)


def _waiting(recall: WaitingRecall, framed: Frame) -> WaitingLine:
    at = framed.speech.recently(recall.asked_at, framed.now)
    return WaitingLine(recall.message, isolated(recall.account), isolated(recall.actor), at)


def _rights(record: PersonRecord | None, speech: Speech) -> list[Markup]:
    if record is None:
        return []
    rights = [speech.t(said) for right, said in _RIGHTS.items() if right in record.rights.rights]
    return rights + [speech.t("acts for {account}", account=each) for each in sorted(record.rights.acts_for)]
