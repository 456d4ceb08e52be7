"""What people set for themselves: language, passwords for devices, keys for programs, where they are signed in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from takeback.auth.credentials import make_api_key, make_app_password
from takeback.httpd.person import FromOurPage, Person, SignedIn
from takeback.httpd.problems import Code, Problem
from takeback.httpd.services import Services, ServicesDep
from takeback.httpd.sign_in import end_all_sessions
from takeback.i18n.language import languages, words
from takeback.ports.people import Scope
from takeback.web.framing import frame, page, see
from takeback.web.pages import Note

_LONGEST_NAME = 60
_SCOPES = {
    Scope.READ: words("See messages and what became of them"),
    Scope.ACT: words("Undo, send now and hold"),
    Scope.CONTENT: words("Download what was sent"),
    Scope.ADMIN: words("Use administrator rights"),
}

router = APIRouter(prefix="/settings", dependencies=[FromOurPage], include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Secret:
    """Something that is shown once."""

    kind: str
    value: str


@router.get("")
async def settings(request: Request, services: ServicesDep, person: SignedIn, told: str = "") -> Response:
    return await _page(request, services, person, told)


@router.post("/language")
async def choose(services: ServicesDep, person: SignedIn, language: Annotated[str, Form()] = "") -> Response:
    chosen = language if language in languages() else ""
    await services.people.set_preferences(person.account, replace(person.preferences, language=chosen))
    return see("/settings?told=saved")


@router.post("/passwords")
async def make_password(
    request: Request, services: ServicesDep, person: SignedIn, name: Annotated[str, Form()] = ""
) -> Response:
    """Shown on the page that answers, and nowhere again: to load it anew makes another one, which the browser asks
    about first."""
    made = await make_app_password(services.people, services.now(), person.account, _name(name), person.author)
    return await _page(request, services, person, secret=Secret("password", made.secret))


@router.post("/passwords/{id}/revoke")
async def revoke_password(services: ServicesDep, person: SignedIn, id: str) -> Response:
    _must_be(await services.people.revoke_app_password(person.account, id, person.author))
    return see("/settings?told=revoked#h-passwords")


@router.post("/keys")
async def make_key(
    request: Request,
    services: ServicesDep,
    person: SignedIn,
    scope: Annotated[list[str], Form(default_factory=list)],
    name: Annotated[str, Form()] = "",
) -> Response:
    scopes = frozenset(each for each in _scopes_of(person) if each.value in scope)
    if not scopes:
        raise Problem(Code.BAD_VALUE, "a key must be good for something")
    made = await make_api_key(services.people, services.now(), person.account, _name(name), scopes, person.author)
    return await _page(request, services, person, secret=Secret("key", made.secret))


@router.post("/keys/{id}/revoke")
async def revoke_key(services: ServicesDep, person: SignedIn, id: str) -> Response:
    _must_be(await services.people.revoke_api_key(person.account, id, person.author))
    return see("/settings?told=revoked#h-keys")


@router.post("/sessions/end-all")
async def end_everything(request: Request, services: ServicesDep, person: SignedIn) -> Response:
    await end_all_sessions(services, request, person)
    return see("/sign-in")


@router.post("/sessions/{number}/end")
async def end_one(services: ServicesDep, person: SignedIn, number: int) -> Response:
    _must_be(await services.people.end_sessions(person.account, person.author, number))
    return see("/settings?told=ended#h-sessions")


async def _page(
    request: Request, services: Services, person: Person, told: str = "", secret: Secret | None = None
) -> Response:
    framed = frame(request, services, person, "/settings")
    return page(
        "settings.html",
        framed,
        speech=framed.speech,
        chosen=person.preferences.language,
        passwords=await services.people.app_passwords(person.account),
        api_keys=await services.people.api_keys(person.account),
        scopes=[(scope.value, framed.speech.t(said)) for scope, said in _scopes_of(person).items()],
        sessions=await services.people.sessions(person.account),
        own_session=person.session.id if person.session else None,
        secret=secret,
        answer=Note("good", [framed.speech.t(_TOLD[told])]) if told in _TOLD else None,
    )


_TOLD = {
    "saved": words("Saved."),
    "revoked": words("Revoked. It opens nothing any more."),
    "ended": words("Signed out there."),
}


def _scopes_of(person: Person) -> dict[Scope, str]:
    """What a key of this person may be good for."""
    return {scope: said for scope, said in _SCOPES.items() if scope is not Scope.ADMIN or person.rights.administrator}


def _name(given: str) -> str:
    name = given.strip()[:_LONGEST_NAME]
    if not name:
        raise Problem(Code.BAD_VALUE, "a name is needed, to know it by later")
    return name.replace("\0", "\ufffd")


def _must_be(changed: object) -> None:
    if not changed:
        raise Problem(Code.NOT_FOUND)
