"""What every page begins with: the person's language and time zone, the clock, the token for its forms."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse

from takeback.httpd.cookies import form_token, read_cookie
from takeback.httpd.person import Person
from takeback.httpd.services import Services
from takeback.i18n.language import Language, language, languages
from takeback.web.pages import Frame, Visitor, render
from takeback.web.speech import Speech

LANGUAGE_COOKIE = "language"
_ZONE_COOKIE = "zone"
_LONGEST_PATH = 2000


def frame(request: Request, services: Services, person: Person | None = None, here: str = "") -> Frame:
    visitor = Visitor(person.address, person.rights.administrator) if person else None
    return Frame(
        speech=Speech(_language(request, services, person), _zone(request)),
        now=services.now(),
        csrf=form_token(request, services.settings),
        visitor=visitor,
        here=here,
        back=_this_page(request),
    )


def page(template: str, frame: Frame, status: int = 200, **more: object) -> HTMLResponse:
    return HTMLResponse(render(template, frame, **more), status, {"Content-Language": frame.speech.language.code})


def see(path: str) -> RedirectResponse:
    """Leads the browser on with a GET, so that loading the page again does nothing twice."""
    return RedirectResponse(path, 303)


def own_path(path: str) -> str:
    """The path where it is one of ours, so that no link of somebody else's leads away from here; else the outbox."""
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if is_ours and path.isascii() and len(path) <= _LONGEST_PATH else "/"


def is_from_htmx(request: Request) -> bool:
    """Whether a part of a page is wanted instead of a page."""
    return request.headers.get("HX-Request") == "true"


def _language(request: Request, services: Services, person: Person | None) -> Language:
    """What the person has chosen, here or on this browser; else what the browser asks for."""
    chosen = (person.preferences.language if person else "") or read_cookie(request, services.settings, LANGUAGE_COOKIE)
    return language(chosen) if chosen in languages() else preferred(request.headers.get("accept-language", ""))


def preferred(accepted: str) -> Language:
    """The first of the languages that are there, in the order that the browser asks for (RFC 9110 §12.5.4)."""
    wishes = [_wish(part, position) for position, part in enumerate(accepted[:1000].split(","))]
    for _, _, code in sorted(wish for wish in wishes if wish[0] < 0):
        if code in languages():
            return language(code)
    return language(None)


def _wish(part: str, position: int) -> tuple[float, int, str]:
    """Sorts by falling weight, then as written."""
    code, _, parameters = part.partition(";")
    name, _, value = parameters.strip().partition("=")
    try:
        weight = float(value) if name.strip() == "q" else 1.0
    except ValueError:
        weight = 0.0
    return -weight, position, code.strip().lower().partition("-")[0]


def _zone(request: Request) -> tzinfo:
    """The browser's, which a script has told us; else the server's own."""
    return _zone_of(request.cookies.get(_ZONE_COOKIE, "")) or datetime.now(UTC).astimezone().tzinfo or UTC


@lru_cache(64)
def _zone_of(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if 0 < len(name) <= 64 else None
    except (ValueError, OSError, KeyError):
        return None


def _this_page(request: Request) -> str:
    """Where a form that belongs to no page leads back to."""
    if request.method != "GET" or is_from_htmx(request):
        return "/"
    query = f"?{request.url.query}" if request.url.query else ""
    return own_path(f"{request.url.path}{query}")
