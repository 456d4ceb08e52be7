"""What was stopped: kept, to be edited and sent again, downloaded, or dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from markupsafe import Markup

from takeback.clock import DAY
from takeback.errors import TakebackError
from takeback.flows.accept import Refused
from takeback.flows.drop import drop
from takeback.flows.resend import Changes, Draft, NotEditable, draft_of
from takeback.hold.states import State
from takeback.httpd.asking import message_of
from takeback.httpd.person import FromOurPage, Person, SignedIn
from takeback.httpd.problems import Code, Problem
from takeback.httpd.services import Services, ServicesDep
from takeback.ids import digest, new_secret
from takeback.ports.people import Attempt
from takeback.ports.store import Listing, MessageView
from takeback.web.besides import beside, content_of
from takeback.web.contents import name_of
from takeback.web.framing import frame, page, see
from takeback.web.pages import Note
from takeback.web.rows import row
from takeback.web.speech import Speech, isolated

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
    wanted = Wanted("\n".join(draft.recipients), draft.subject, draft.text or "", frozenset(_numbers(draft)))
    return _edit_page(request, services, person, view, draft, wanted)


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
    wanted = Wanted(recipients, subject, text or "", frozenset(keep))
    attempt = Attempt(f"edit:{person.account}", digest(once), view.id, new_secret())
    if await services.people.begin(attempt) is not None:
        return see("/")
    try:
        content = await content_of(services, person, view)
        accepted = await services.resender.resend(view, content, _changes(draft, wanted, text), who)
    except (NotEditable, Refused) as error:
        await services.people.abandon(attempt)
        return _edit_page(request, services, person, view, draft, wanted, error)
    await services.people.finish(attempt, 303, "")
    return see(f"/?told=sent.{accepted.id}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What stands in the form."""

    recipients: str
    subject: str
    text: str
    kept: frozenset[int]


@dataclass(frozen=True, slots=True)
class Choice:
    """One attachment that can be kept or not."""

    number: int
    name: Markup
    size: str
    kept: bool


async def _draft(services: Services, person: Person, view: MessageView) -> Draft:
    """Raises Problem where there is nothing to send again."""
    if not any(each.state is State.UNDONE for each in view.recipients):
        raise Problem(Code.NOT_FOUND, "only what was stopped can be sent again")
    return await asyncio.to_thread(draft_of, await content_of(services, person, view), view)


def _numbers(draft: Draft) -> list[int]:
    return [each.number for each in draft.attachments]


def _changes(draft: Draft, wanted: Wanted, text: str | None) -> Changes:
    lines = [line.strip().strip(",;<>").strip() for line in wanted.recipients.splitlines()]
    return Changes(
        recipients=list(dict.fromkeys(line for line in lines if line)),
        subject=None if draft.sealed else wanted.subject,
        text=text if draft.text is not None else None,
        dropped=frozenset(_numbers(draft)) - wanted.kept,
    )


def _edit_page(
    request: Request,
    services: Services,
    person: Person,
    view: MessageView,
    draft: Draft,
    wanted: Wanted,
    problem: TakebackError | None = None,
) -> Response:
    framed = frame(request, services, person)
    return page(
        "edit.html",
        framed,
        400 if problem else 200,
        id=view.id,
        once=new_secret(),
        wanted=wanted,
        sealed=draft.sealed,
        has_text=draft.text is not None,
        choices=[_choice(draft, wanted, number, framed.speech) for number in range(len(draft.attachments))],
        notes=_notes(draft, framed.speech),
        problem=framed.speech.told(problem.words, problem.values) if problem else "",
    )


def _choice(draft: Draft, wanted: Wanted, place: int, speech: Speech) -> Choice:
    file = draft.attachments[place]
    name = isolated(name_of(file.part, file.number), 120)
    return Choice(file.number, name, speech.size(file.part.size), file.number in wanted.kept)


def _notes(draft: Draft, speech: Speech) -> Sequence[Markup]:
    """Why something cannot be edited."""
    if draft.sealed:
        return [
            speech.t(
                "This message is signed or encrypted by your mail program. A single changed letter would break that, "
                "so only the recipients can be changed here."
            )
        ]
    if draft.text is None:
        return [
            speech.t(
                "The text has formatting that cannot be edited here. To change it, download the message, open it in "
                "your mail program and send it from there."
            )
        ]
    return []
