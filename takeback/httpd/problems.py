"""What can go wrong with a request, each with one code: problem documents (RFC 9457) for programs, pages for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from takeback.errors import Ambiguous, LimitReached, NotFound, StoreUnavailable, TakebackError
from takeback.recall.correction import CannotCorrect
from takeback.recall.permission import SamePerson
from takeback.recall.replacement import CannotReplace
from takeback.visible import visible

TYPE = "urn:takeback:problem:"
_LONGEST_DETAIL = 500


class Code(Enum):
    """Every problem there is: its code, its HTTP status, and what it means."""

    def __init__(self, code: str, status: int, title: str) -> None:
        self.code = code
        self.status = status
        self.title = title

    BAD_REQUEST = ("bad_request", 400, "The request cannot be read")
    NOT_SIGNED_IN = ("not_signed_in", 401, "Nobody is signed in, or the key is not good")
    WRONG_TOKEN = ("wrong_token", 403, "The request does not come from a page of ours: sign in again")
    NOT_ALLOWED = ("not_allowed", 403, "This key or account may not do that")
    NOT_FOUND = ("not_found", 404, "There is no such thing")
    WRONG_METHOD = ("wrong_method", 405, "That cannot be done here")
    TIMEOUT = ("timeout", 408, "The request did not come in time")
    SECOND_PERSON = ("second_person", 403, "Whoever asked for it cannot confirm it")
    CANNOT_REPLACE = ("cannot_replace", 409, "That message cannot take the place of the other; nothing was done")
    CANNOT_CORRECT = ("cannot_correct", 409, "No correction can be sent; nothing was done")
    AMBIGUOUS = ("ambiguous", 409, "What was named is several things")
    IN_PROGRESS = ("in_progress", 409, "The same request is under way, or was broken off; look before you repeat it")
    GONE = ("gone", 410, "The bytes of that message are no longer kept")
    TOO_LARGE = ("too_large", 413, "The request is too large")
    WRONG_TYPE = ("wrong_type", 415, "The body must be application/json")
    WRONG_HOST = ("wrong_host", 421, "This host is not ours; [http] url says which is")
    BAD_VALUE = ("bad_value", 422, "Something in the request is not as it must be")
    KEY_REUSED = ("key_reused", 422, "That idempotency key was used for another request")
    TOO_MANY = ("too_many", 429, "Too many at once, or too many failures; try again later")
    UNEXPECTED = ("unexpected", 500, "Something went wrong that should not; it is in the log under this id")
    NOT_CONFIRMED = ("not_confirmed", 503, "It could not be confirmed whether it was done; ask again")
    UNAVAILABLE = ("unavailable", 503, "It does not work just now; try again later")


@dataclass(eq=False)
class Problem(Exception):
    """Raised by whoever notices; `detail` is one sentence about this case in English, with `{name}` where one of the
    `values` belongs, and `more` goes into the document."""

    code: Code
    detail: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def said(self) -> str:
        """The detail, filled in."""
        return self.detail.format_map(self.values) if self.values else self.detail

    def document(self) -> dict[str, Any]:
        document = {"type": TYPE + self.code.code, "title": self.code.title, "status": self.code.status}
        if self.detail:
            document["detail"] = visible(self.said, _LONGEST_DETAIL)
        return {**document, "code": self.code.code, **self.more}

    def response(self) -> Response:
        return JSONResponse(
            self.document(), self.code.status, dict(self.headers), media_type="application/problem+json"
        )


def problem_of(error: Exception) -> Problem:
    """What an error that reached the edge is to whoever asked."""
    match error:
        case Problem():
            return error
        case NotFound():
            return _told(Code.NOT_FOUND, error)
        case Ambiguous():
            return _told(Code.AMBIGUOUS, error)
        case SamePerson():
            return _told(Code.SECOND_PERSON, error)
        case CannotReplace():
            return _told(Code.CANNOT_REPLACE, error)
        case CannotCorrect():
            return _told(Code.CANNOT_CORRECT, error)
        case LimitReached():
            return _told(Code.TOO_MANY, error)
        case StoreUnavailable():
            return Problem(Code.NOT_CONFIRMED)
        case RequestValidationError():
            return Problem(Code.BAD_VALUE, _first(error))
        case HTTPException(__cause__=Problem() as cause):
            return cause  # met while the body was read
        case HTTPException():
            return _of_framework(error)
        case TakebackError():
            return _told(Code.BAD_VALUE, error)
        case _:
            return Problem(Code.UNEXPECTED)


def _told(code: Code, error: TakebackError) -> Problem:
    return Problem(code, error.words, values=error.values)


_BY_STATUS = {
    400: Code.BAD_REQUEST,
    401: Code.NOT_SIGNED_IN,
    403: Code.NOT_ALLOWED,
    404: Code.NOT_FOUND,
    405: Code.WRONG_METHOD,
    413: Code.TOO_LARGE,
    415: Code.WRONG_TYPE,
}


def _of_framework(error: HTTPException) -> Problem:
    return Problem(_BY_STATUS.get(error.status_code, Code.BAD_REQUEST), headers=dict(error.headers or {}))


def _first(error: RequestValidationError) -> str:
    """Where the first fault is, and what it is. What was sent is not repeated."""
    first = error.errors()[0]
    place = ".".join(str(step) for step in first["loc"] if step != "body")
    return f"{place}: {first['msg']}" if place else str(first["msg"])


def wants_document(request: Request) -> bool:
    """Whether a program asks, which wants a problem document, and not a person, who wants a page."""
    return request.url.path.startswith("/api/") or request.url.path == "/metrics"
