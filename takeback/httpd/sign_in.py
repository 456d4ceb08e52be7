"""Signing in and out: a password through the gate, a session in the store, a cookie in the browser."""

from __future__ import annotations

import structlog
from fastapi import Request

from takeback import figures
from takeback.auth.gate import Accepted, Answer, Refused
from takeback.auth.identity import Identity
from takeback.httpd import cookies
from takeback.httpd.person import Person, client_of
from takeback.httpd.services import Services
from takeback.ids import digest, new_secret
from takeback.ports.people import Author, NewSession
from takeback.visible import visible

_LONGEST_AGENT = 200

log = structlog.get_logger("login")


async def check_password(services: Services, request: Request, username: str, password: str) -> Answer:
    """The gate's answer (`takeback.auth.gate`): Accepted, Refused, Locked until, or Unavailable. Starts no session."""
    client = client_of(request)
    answer = await services.gate.attempt(username, password, client)
    if isinstance(answer, Accepted) and not services.may_vouch(answer.identity.address):
        answer = Refused()
    figures.LOGINS.labels(type(answer).__name__.lower()).inc()
    if not isinstance(answer, Accepted):
        log.warning("not signed in", client=client, username=username[:320], answer=type(answer).__name__.lower())
    return answer


async def start_session(services: Services, request: Request, identity: Identity, method: str) -> None:
    """Afterwards the browser that asked is signed in, under a token that nobody knew before; a session that it had
    is ended. `method` is `password` or `oidc`."""
    await end_session(services, request, f"web:{identity.key}")
    secret = new_secret()
    await services.people.start_session(
        NewSession(
            token=digest(secret),
            account=identity.key,
            address=identity.address,
            method=method,
            expires_at=services.now() + services.settings.session,
            client=client_of(request),
            agent=visible(request.headers.get("user-agent", ""), _LONGEST_AGENT),
        )
    )
    cookies.set_session_cookie(request, services.settings, secret)


async def end_session(services: Services, request: Request, actor: str) -> None:
    """Afterwards this browser is signed out."""
    held = cookies.session_cookie(request, services.settings)
    if held:
        await services.people.end_session(digest(held), Author(actor, client_of(request)))
        cookies.set_session_cookie(request, services.settings, "")


async def end_all_sessions(services: Services, request: Request, person: Person) -> int:
    """Afterwards no browser is signed in as this person, this one included. Returns how many were."""
    ended = await services.people.end_sessions(person.account, person.author)
    cookies.set_session_cookie(request, services.settings, "")
    return ended
