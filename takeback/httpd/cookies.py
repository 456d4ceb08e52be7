"""Cookies: who holds the browser, and the token that proves that a form came from a page of ours."""

from __future__ import annotations

import hashlib
import hmac
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request

from takeback.clock import SECOND, Duration
from takeback.httpd.guard import NEW_COOKIES
from takeback.httpd.problems import Code, Problem
from takeback.httpd.settings import HttpSettings
from takeback.ids import new_secret

_SESSION = "takeback"
_VISITOR = "takeback-visitor"
FIELD = "csrf"
"""The form field that holds the token."""
HEADER = "X-CSRF-Token"
"""The header that holds it where a script asks."""


def session_cookie(request: Request, settings: HttpSettings) -> str:
    """What the browser holds of its session; empty where it holds nothing."""
    return request.cookies.get(_name(_SESSION, settings), "")


def set_session_cookie(request: Request, settings: HttpSettings, secret: str) -> None:
    """Afterwards the answer to this request gives the browser its session; an empty secret takes it away."""
    set_cookie(request, settings, _SESSION, secret, settings.session if secret else 0)


def form_token(request: Request, settings: HttpSettings) -> str:
    """The token for forms on the page that answers this request. Who is not signed in gets a cookie to tie it to."""
    held = session_cookie(request, settings) or _visitor(request, settings)
    return _token_for(held)


def check_form_token(request: Request, settings: HttpSettings, given: str) -> None:
    """Raises Problem where the request may have been made by a page that is not ours."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower():
        raise Problem(Code.WRONG_TOKEN)
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Problem(Code.WRONG_TOKEN)
    held = (session_cookie(request, settings), request.cookies.get(_name(_VISITOR, settings), ""))
    shown = given.encode("utf-8", "replace")
    if not any(each and hmac.compare_digest(_token_for(each).encode(), shown) for each in held):
        raise Problem(Code.WRONG_TOKEN)


def set_cookie(request: Request, settings: HttpSettings, name: str, value: str, lifetime: Duration) -> None:
    """Afterwards the answer to this request sets the cookie, for this site only and out of reach of scripts."""
    cookie: SimpleCookie = SimpleCookie()
    name = _name(name, settings)
    cookie[name] = value
    attributes: dict[str, Any] = {"path": "/", "httponly": True, "samesite": "Lax", "max-age": lifetime // SECOND}
    cookie[name].update({**attributes, "secure": settings.secure})
    request.scope["state"].setdefault(NEW_COOKIES, []).append(cookie[name].OutputString())


def read_cookie(request: Request, settings: HttpSettings, name: str) -> str:
    return request.cookies.get(_name(name, settings), "")


def _visitor(request: Request, settings: HttpSettings) -> str:
    held: str = request.cookies.get(_name(_VISITOR, settings), "") or getattr(request.state, "visitor", "")
    if not held:
        held = request.state.visitor = new_secret()
        set_cookie(request, settings, _VISITOR, held, settings.session)
    return held


def _token_for(held: str) -> str:
    return hashlib.sha256(b"takeback form\0" + held.encode("utf-8", "surrogatepass")).hexdigest()


def _name(name: str, settings: HttpSettings) -> str:
    """Under HTTPS a browser takes such a cookie from this host alone, and no other host can plant one."""
    return f"__Host-{name}" if settings.secure else name
