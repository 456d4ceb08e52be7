"""The page of one message: what it says, what became of each copy, what happened."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse
from markupsafe import Markup

from takeback.httpd.asking import body_of, message_of, recount_of
from takeback.httpd.person import Person, SignedIn
from takeback.httpd.problems import Code, Problem
from takeback.httpd.services import Services, ServicesDep
from takeback.ports.store import EventView, MessageView
from takeback.visible import visible
from takeback.web import phrases
from takeback.web.acts import told_of
from takeback.web.besides import beside, content_of
from takeback.web.contents import Contents, contents_of, part_of
from takeback.web.framing import frame, is_from_htmx, page
from takeback.web.pages import Frame
from takeback.web.preview import HEADERS, preview
from takeback.web.rows import recipient_row, row
from takeback.web.speech import Speech, isolated

_ON_A_PAGE = 100
_EVENTS = 200
"""So many events are shown; of a message to ten thousand, each of whom has several, that is the latest."""
_CONTENTS_AT_ONCE = asyncio.Semaphore(2)
"""So many messages are whole in memory for pages at the same time."""
_DOWNLOAD = {"Content-Security-Policy": "default-src 'none'; sandbox", "X-Content-Type-Options": "nosniff"}

router = APIRouter(prefix="/messages", include_in_schema=False)


@dataclass(frozen=True, slots=True)
class EventLine:
    at: Markup
    said: Markup


@router.get("/{id}")
async def message(
    request: Request,
    services: ServicesDep,
    person: SignedIn,
    id: str,
    number: Annotated[int, Query(alias="page", ge=1, le=10**6)] = 1,
    find: str = "",
    told: str = "",
) -> Response:
    view, events = await recount_of(services, person, id)
    framed = frame(request, services, person)
    shown = row(view, framed.now, framed.speech, await beside(services, person, view))
    contents, gone = (None, False) if is_from_htmx(request) else await _contents(services, person, view, framed.speech)
    return page(
        "message.html",
        framed,
        row=shown,
        own=view.account == person.account,
        contents=contents,
        recallable=shown.recallable and services.can_recall,
        gone=gone,
        answer=await told_of(services, person, framed, told) if told else None,
        facts=_facts(view, framed.speech),
        events=[_line(event, framed) for event in events[-_EVENTS:]],
        **_recipients(view, framed, number, find[:320]),
    )


@router.get("/{id}/preview")
async def message_preview(request: Request, services: ServicesDep, person: SignedIn, id: str) -> Response:
    view, _ = await message_of(services, person, id)
    framed = frame(request, services, person)
    async with _CONTENTS_AT_ONCE:
        content = await content_of(services, person, view)
        html = await asyncio.to_thread(preview, content, framed.speech.language.code)
    if html is None:
        raise Problem(Code.NOT_FOUND, "the message has no HTML")
    return Response(html, media_type="text/html; charset=utf-8", headers=dict(HEADERS))


@router.get("/{id}/parts/{number}")
async def attachment(services: ServicesDep, person: SignedIn, id: str, number: int) -> Response:
    """Always a download, never shown: what is attached must not run as a page of ours."""
    view, _ = await message_of(services, person, id)
    async with _CONTENTS_AT_ONCE:
        content = await content_of(services, person, view)
        found = await asyncio.to_thread(part_of, content, number)
    if found is None:
        raise Problem(Code.NOT_FOUND, "the message has no such part")
    name, data = found
    return Response(data, media_type="application/octet-stream", headers=_as_file(name))


@router.get("/{id}/original.eml")
async def original(services: ServicesDep, person: SignedIn, id: str) -> Response:
    """The stored bytes, as they will leave or have left."""
    view, _ = await message_of(services, person, id)
    pieces = await body_of(services, person, view)
    return StreamingResponse(pieces, media_type="message/rfc822", headers=_as_file(f"{view.id}.eml"))


def _as_file(name: str) -> dict[str, str]:
    """A name that is safe on any disk, for old and new browsers (RFC 6266)."""
    safe = "".join("_" if each in '/\\:*?"<>|' else each for each in visible(name, 120)).strip(". ") or "file"
    plain = safe.encode("ascii", "replace").decode().replace("?", "_")
    return {
        **_DOWNLOAD,
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(safe, safe='')}",
    }


async def _contents(
    services: Services, person: Person, view: MessageView, speech: Speech
) -> tuple[Contents | None, bool]:
    """What is in it, and whether that is no longer kept."""
    if not person.may_read_body(view.account):
        return None, False
    try:
        async with _CONTENTS_AT_ONCE:
            content = await content_of(services, person, view)
            return await asyncio.to_thread(contents_of, content, speech), False
    except Problem as problem:
        if problem.code is Code.GONE:
            return None, True
        raise


def _recipients(view: MessageView, framed: Frame, number: int, find: str) -> dict[str, Any]:
    wanted = find.strip().casefold()
    found = [each for each in view.recipients if wanted in each.address.casefold()]
    pages = max(1, -(-len(found) // _ON_A_PAGE))
    number = min(number, pages)
    shown = found[(number - 1) * _ON_A_PAGE : number * _ON_A_PAGE]
    return {
        "total": len(view.recipients),
        "find": find,
        "query": f"&{urlencode({'find': find})}" if find else "",
        "number": number,
        "pages": pages,
        "recipients": [recipient_row(each, framed.now, framed.speech) for each in shown],
    }


def _facts(view: MessageView, speech: Speech) -> list[tuple[Markup, Markup]]:
    return [
        (speech.t("From"), isolated(view.sender or "<>")),
        (speech.t("Accepted"), speech.moment(view.accepted_at)),
        (speech.t("Size"), Markup("{}").format(speech.size(view.size))),
        (speech.t("Account"), isolated(view.account)),
        (speech.t("Number"), isolated(view.id)),
        (speech.t("Message-ID"), isolated(view.message_id, 300) if view.message_id else speech.t("none")),
    ]


def _line(event: EventView, framed: Frame) -> EventLine:
    return EventLine(framed.speech.recently(event.at, framed.now), phrases.event(event, framed.speech))
