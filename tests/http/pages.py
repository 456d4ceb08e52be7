"""The smallest pages that sign people in and out, for tests of what real pages stand on."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse, Response

from takeback.auth.gate import Accepted
from takeback.httpd.cookies import form_token
from takeback.httpd.person import FromOurPage, SignedIn
from takeback.httpd.services import ServicesDep
from takeback.httpd.sign_in import check_password, end_all_sessions, end_session, start_session

router = APIRouter(prefix="/test", dependencies=[FromOurPage], include_in_schema=False)


@router.get("/form")
async def form(request: Request, services: ServicesDep) -> Response:
    return JSONResponse({"csrf": form_token(request, services.settings)})


@router.post("/sign-in")
async def sign_in(
    request: Request, services: ServicesDep, username: Annotated[str, Form()], password: Annotated[str, Form()]
) -> Response:
    answer = await check_password(services, request, username, password)
    if isinstance(answer, Accepted):
        await start_session(services, request, answer.identity, "password")
    return JSONResponse({"answer": type(answer).__name__})


@router.get("/me")
async def me(person: SignedIn) -> Response:
    return JSONResponse({"account": person.account})


@router.post("/sign-out")
async def sign_out(request: Request, services: ServicesDep, person: SignedIn) -> Response:
    await end_session(services, request, person.name)
    return JSONResponse({})


@router.post("/sign-out-everywhere")
async def sign_out_everywhere(request: Request, services: ServicesDep, person: SignedIn) -> Response:
    return JSONResponse({"ended": await end_all_sessions(services, request, person)})
