"""What the buttons do: undo, send now, hold, and the two choices of whoever sent into the unknown.

Each is a plain form. With htmx the answer is the row as it now is, and the words; without it the browser is led back to
the page, which says what the state of the message tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from markupsafe import Markup

from takeback.clock import Instant
from takeback.flows.ask import Told
from takeback.flows.hold import hold, send_now
from takeback.flows.learn import fine
from takeback.flows.undo import undo
from takeback.hold.states import IN_HAND, STOPPABLE, WAITING, State
from takeback.httpd.asking import message_of
from takeback.httpd.person import FromOurPage, Person, SignedIn
from takeback.httpd.problems import Code, Problem
from takeback.httpd.services import Services, ServicesDep
from takeback.ports.store import MessageView
from takeback.web import phrases
from takeback.web.besides import beside
from takeback.web.framing import frame, is_from_htmx, page, see
from takeback.web.pages import LONGER, Frame, Note
from takeback.web.rows import row

router = APIRouter(prefix="/messages", dependencies=[FromOurPage], include_in_schema=False)

Recipients = Annotated[list[str], Form(default_factory=list)]


@router.post("/{id}/undo")
async def undo_message(
    request: Request,
    services: ServicesDep,
    person: SignedIn,
    id: str,
    recipient: Recipients,
    some: Annotated[str, Form()] = "",
) -> Response:
    view, who = await message_of(services, person, id)
    if some and not recipient:
        raise Problem(Code.BAD_VALUE, "choose at least one recipient")
    told = await undo(services.store, view.id, who, recipient)
    return await _answer(request, services, person, view.id, "undo", told)


@router.post("/{id}/release")
async def release_message(
    request: Request, services: ServicesDep, person: SignedIn, id: str, recipient: Recipients
) -> Response:
    view, who = await message_of(services, person, id)
    told = await send_now(services.store, view.id, who, recipient)
    return await _answer(request, services, person, view.id, "release", told)


@router.post("/{id}/hold")
async def hold_message(
    request: Request, services: ServicesDep, person: SignedIn, id: str, longer: Annotated[str, Form()] = ""
) -> Response:
    """`longer` is added to what is left; without it the message waits until it is released."""
    view, who = await message_of(services, person, id)
    if longer and longer not in LONGER:
        raise Problem(Code.BAD_VALUE, "that is no time to hold for")
    until = _latest_due(view, services.now()) + LONGER[longer] if longer else None
    told = await hold(services.store, view.id, until, who)
    return await _answer(request, services, person, view.id, "hold", told)


@router.post("/{id}/leave")
async def leave_message(request: Request, services: ServicesDep, person: SignedIn, id: str) -> Response:
    """Those of whom nobody knows are left alone; all others stay as they are."""
    view, who = await message_of(services, person, id)
    told = await undo(services.store, view.id, who, _unknown(view))
    return await _answer(request, services, person, view.id, "leave", told)


@router.post("/{id}/send-again")
async def send_message_again(request: Request, services: ServicesDep, person: SignedIn, id: str) -> Response:
    view, who = await message_of(services, person, id)
    told = await send_now(services.store, view.id, who, _unknown(view), again=True)
    return await _answer(request, services, person, view.id, "release", told)


@router.post("/{id}/fine")
async def call_fine(
    request: Request, services: ServicesDep, person: SignedIn, id: str, code: Annotated[str, Form()] = ""
) -> Response:
    """What the review found is no mistake; the message waits as it did."""
    view, who = await message_of(services, person, id)
    await fine(services.store, services.reviews, view.id, code[:100], who)
    return await _answer(request, services, person, view.id, "fine", Told(view.id, (), ()))


def _unknown(view: MessageView) -> list[str]:
    """Raises Problem where nothing is unknown: an empty list would mean everybody."""
    found = [each.address for each in view.recipients if each.state is State.UNKNOWN]
    if not found:
        raise Problem(Code.BAD_VALUE, "of every copy it is known by now what became of it")
    return found


def _latest_due(view: MessageView, now: Instant) -> Instant:
    return max([now, *(each.due_at for each in view.recipients if each.due_at is not None)])


async def _answer(request: Request, services: Services, person: Person, id: str, act: str, told: Told) -> Response:
    if not is_from_htmx(request):
        back = "/" if request.headers.get("referer", "").partition("/messages/")[1] == "" else f"/messages/{id}"
        return see(f"{back}?told={'released' if act == 'release' else act}.{id}")
    view, _ = await message_of(services, person, id)
    framed = frame(request, services, person)
    shown = row(view, framed.now, framed.speech, await beside(services, person, view))
    return page("_acted.html", framed, row=shown, answer=note(framed, act, told, view))


async def told_of(services: Services, person: Person, framed: Frame, told: str) -> Note | None:
    """The answer that a redirect points to. It speaks of the message as it is now, so that a link made up by somebody
    else can say nothing untrue."""
    act, _, id = told.partition(".")
    if act not in _DONE:
        return None
    try:
        view, _ = await message_of(services, person, id)
    except Problem:
        return None
    return note(framed, act, _told_by_state(act, view), view)


def _told_by_state(act: str, view: MessageView) -> Told:
    done = _DONE[act]
    still_open = STOPPABLE if act == "undo" else WAITING
    return Told(
        view.id,
        [each for each in view.recipients if each.state in done],
        [each for each in view.recipients if each.state not in done | still_open],
    )


_DONE = {
    "undo": frozenset({State.UNDONE}),
    "released": WAITING | IN_HAND,
    "hold": WAITING,
    "leave": frozenset({State.LET_BE}),
    "sent": frozenset(State),
    "fine": frozenset(State),
}
"""The acts that a redirect may point to, and the states that they come to."""


def note(framed: Frame, act: str, told: Told, view: MessageView) -> Note | None:
    sentences = _sentences(framed, act, told)
    if not sentences:
        return None
    links = (
        [(f"/messages/{view.id}/edit", framed.speech.t("Edit and send again"))] if act == "undo" and told.done else []
    )
    tone = "warn" if told.refused and act != "leave" else "good" if act in ("undo", "sent") else "plain"
    return Note(tone, sentences, links)


def _sentences(framed: Frame, act: str, told: Told) -> Sequence[Markup]:
    match act:
        case "undo":
            return phrases.stopped(told, framed.speech)
        case "hold":
            return phrases.held(told, framed.speech, framed.now)
        case "leave":
            return phrases.let_be(told, framed.speech)
        case "sent":
            return [framed.speech.t("Sent as a new message. You can undo this one too.")]
        case "fine":
            return [framed.speech.t("Noted. You will not be asked about that again.")]
        case "released":
            return phrases.on_its_way(told, framed.speech)
        case _:
            return phrases.released(told, framed.speech)
