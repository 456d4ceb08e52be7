"""The HTTP application: what pages and API share, and the hook by which they hang themselves in.

For whoever writes pages or resources:

- A package gives one function `install(app: FastAPI) -> None`: it includes its routers, mounts its static files, and
  may set `app.state.error_page` (a function of request and `Problem` that gives the page for it). `FACES` in
  `takeback/face.py` lists these. Routers of pages carry `dependencies=[FromOurPage]` and `include_in_schema=False`.
- Handlers ask by type for what they need: `services: ServicesDep` (takeback.httpd.services: `store`, `people`, `gate`,
  `changes`, `now()`, `settings`, `mail`), and in takeback.httpd.person `person: SignedIn` on pages, `person: AskerDep`
  in resources.
- On whose behalf: `message_of(services, person, id)` (takeback.httpd.asking) gives the message and the `Who` to act
  as, or raises a problem. The acts are `takeback.flows.undo.undo(services.store, view.id, who, recipients)` and `hold`
  and `send_now` in `takeback.flows.hold`. `await body_of(services, person, view)` gives the stored bytes.
- Lists: `services.store.messages(Listing(accounts_of(person, []), limit, before, states))`.
- Every form holds `form_token(request, services.settings)` in a field called `csrf` (takeback.httpd.cookies); a script
  sends it as `X-CSRF-Token`.
- Signing in: `check_password` gives the gate's answer, then `start_session`; `end_session`, `end_all_sessions`
  (takeback.httpd.sign_in). OpenID Connect, where `settings.oidc` is set, begins with a link to `/sign-in/oidc?next=…`,
  and comes back to `/sign-in?problem=…` where it failed.
- What cannot be done is raised: `Problem(Code.…)`, or any `TakebackError`. A request below `/api` is answered with a
  problem document, any other with the error page; a GET by somebody who is not signed in leads to `/sign-in?next=…`.
- Every answer has the headers of takeback.httpd.guard unless the handler sets its own: a Content-Security-Policy
  that allows nothing inline, and `Cache-Control: no-store`. Bodies above 1 MiB are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from takeback import __version__
from takeback.errors import TakebackError
from takeback.httpd.guard import Guard
from takeback.httpd.problems import Code, Problem, problem_of, wants_document
from takeback.httpd.services import Services

Install = Callable[[FastAPI], None]
ErrorPage = Callable[[Request, Problem], Response]
SCHEMA = "/api/v1/openapi.json"

log = structlog.get_logger("http")


def make_app(services: Services, faces: Sequence[Install]) -> FastAPI:
    """The application over these services. `app.state.services` may be replaced while it runs."""
    app = FastAPI(
        title="Takeback",
        version=__version__,
        openapi_url=SCHEMA,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        middleware=[Middleware(Guard), Middleware(_Unexpected)],
    )
    app.state.services = services
    app.state.error_page = _plain_page
    for kind in (Problem, TakebackError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, _answer)
    for install in faces:
        install(app)
    return app


async def _answer(request: Request, error: Exception) -> Response:
    problem = problem_of(error)
    if wants_document(request):
        return problem.response()
    if problem.code is Code.NOT_SIGNED_IN and request.method == "GET":
        return RedirectResponse(f"/sign-in?next={quote(_way_back(request), safe='')}", 303)
    page: ErrorPage = request.app.state.error_page
    return page(request, problem)


def _way_back(request: Request) -> str:
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{request.url.path}{query}"


def _plain_page(request: Request, problem: Problem) -> Response:
    return PlainTextResponse(f"{problem.code.title}. {problem.said}\n", problem.code.status, dict(problem.headers))


class _Unexpected:
    """An error that nobody foresaw is written down under the request's id, and whoever asked hears only that id."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Problem:
            raise
        except Exception as error:
            id = scope["state"]["request_id"]
            log.error("unexpected", id=id, path=scope["path"][:200], exc_info=error)
            if begun:
                raise
            problem = Problem(Code.UNEXPECTED, more={"id": id})
            await (await _answer(Request(scope), problem))(scope, receive, send)
