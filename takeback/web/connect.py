"""Connect your mail program: what to enter, what programs can fetch by themselves, and a try that waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from markupsafe import Markup

from takeback.clock import Instant
from takeback.httpd.person import Person, SignedIn
from takeback.httpd.services import Services, ServicesDep
from takeback.i18n.language import words
from takeback.ports.store import Listing
from takeback.web.framing import frame, page
from takeback.web.speech import Speech, isolated

_HOW = {
    "tls": words("with SSL/TLS"),
    "starttls": words("with STARTTLS"),
    "none": words("without encryption, from this machine only"),
}

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class First:
    """The message that arrived while somebody was waiting for one."""

    subject: Markup
    at: Markup


@router.get("/connect")
async def connect(
    request: Request,
    services: ServicesDep,
    person: SignedIn,
    since: Annotated[Instant, Query(ge=0, le=10**18)] = 0,
) -> Response:
    """`since` is the instant from which on a message is waited for, to the microsecond: what came earlier in the same
    second is not meant."""
    framed = frame(request, services, person, "/connect")
    return page(
        "connect.html",
        framed,
        mail=services.mail,
        how=framed.speech.t(_HOW[services.mail.security]),
        since=since or framed.now,
        waiting=bool(since),
        first=await _first(services, person, framed.speech, since) if since else None,
    )


async def _first(services: Services, person: Person, speech: Speech, since: Instant) -> First | None:
    latest = await services.store.messages(Listing(frozenset({person.account}), 1))
    if not latest or latest[0].accepted_at < since:
        return None
    subject = isolated(latest[0].subject, 120) if latest[0].subject else speech.t("(no subject)")
    return First(subject, speech.at(latest[0].accepted_at))
