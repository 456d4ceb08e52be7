"""Signing in and out, and the language of the pages."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from takeback.auth.gate import Accepted, Answer, Locked, Unavailable
from takeback.clock import DAY
from takeback.httpd.cookies import set_cookie
from takeback.httpd.person import FromOurPage, by_session
from takeback.httpd.services import Services, ServicesDep
from takeback.httpd.sign_in import check_password, end_session, start_session
from takeback.i18n.language import languages, words
from takeback.web.framing import LANGUAGE_COOKIE, frame, own_path, page, see

_KEPT = 365 * DAY
_LONGEST = 1000

router = APIRouter(dependencies=[FromOurPage], include_in_schema=False)


@router.get("/sign-in")
async def sign_in_page(request: Request, services: ServicesDep, next: str = "/", problem: str = "") -> Response:  # noqa: A002
    if await by_session(request, services) is not None:
        return see(own_path(next))
    return _page(request, services, next, "oidc" if problem else "", 200)


@router.post("/sign-in")
async def sign_in(
    request: Request,
    services: ServicesDep,
    username: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",  # noqa: A002 - the name in the form
) -> Response:
    answer = await check_password(services, request, username[:_LONGEST], password[:_LONGEST])
    if isinstance(answer, Accepted):
        await start_session(services, request, answer.identity, "password")
        return see(own_path(next))
    return _page(request, services, next, _problem(answer), 503 if isinstance(answer, Unavailable) else 403, username)


@router.post("/sign-out")
async def sign_out(request: Request, services: ServicesDep) -> Response:
    person = await by_session(request, services)
    await end_session(services, request, person.name if person else "web")
    return see("/sign-in")


@router.post("/language")
async def choose_language(
    request: Request,
    services: ServicesDep,
    language: Annotated[str, Form()] = "",
    back: Annotated[str, Form()] = "/",
) -> Response:
    """For this browser; and where somebody is signed in, for them."""
    if language in languages():
        set_cookie(request, services.settings, LANGUAGE_COOKIE, language, _KEPT)
        person = await by_session(request, services)
        if person is not None and person.preferences.language:
            await services.people.set_preferences(person.account, replace(person.preferences, language=language))
    return see(own_path(back))


def _problem(answer: Answer) -> str:
    match answer:
        case Locked():
            return "locked"
        case Unavailable():
            return "unavailable"
        case _:
            return "wrong"


def _page(request: Request, services: Services, next_: str, problem: str, status: int, username: str = "") -> Response:
    framed = frame(request, services)
    oidc = services.settings.oidc
    said = {
        "wrong": words("The address or the password is wrong."),
        "locked": words("There were too many failures. Wait a few minutes, then try again."),
        "unavailable": words("Passwords cannot be checked just now. Try again in a moment."),
        "oidc": words("The other service did not sign you in. Try again, or ask whoever runs Takeback."),
    }
    return page(
        "sign_in.html",
        framed,
        status,
        problem=framed.speech.t(said[problem]) if problem else "",
        username=username[:320],
        next=own_path(next_),
        provider=oidc.name if oidc else "",
    )
