"""Acts that are carried out once, however often a program asks: `Idempotency-Key`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Header, Request
from fastapi.responses import JSONResponse, Response

from takeback.errors import StoreUnavailable
from takeback.flows.documents import Document
from takeback.httpd.person import Person
from takeback.httpd.problems import Code, Problem
from takeback.httpd.services import Services
from takeback.ids import new_token
from takeback.ports.people import Attempt

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=200,
        pattern=r"^[!-~]+$",
        description="Repeated with the same request it gives the same answer, and nothing is done twice.",
    ),
]
Act = Callable[[], Awaitable[Document]]


async def once(
    services: Services, person: Person, request: Request, key: str | None, act: Act, repeatable: bool = True
) -> Response:
    """The act's answer, or what was answered when the same was asked under the same key before.

    `repeatable` says that doing it again does no harm: then an act of which nobody can say whether it was done may
    be asked for again under its key.
    """
    if key is None:
        return JSONResponse(await act())
    attempt = Attempt(person.name, key, await _digest(request), new_token())
    earlier = await services.people.begin(attempt)
    if earlier is not None:
        if earlier.request != attempt.request:
            raise Problem(Code.KEY_REUSED)
        if earlier.status is None:
            raise Problem(Code.IN_PROGRESS)
        return _response(earlier.answer, earlier.status, replayed=True)
    try:
        answer = json.dumps(await act(), ensure_ascii=False)
    except StoreUnavailable:
        if repeatable:
            await services.people.abandon(attempt)
        raise
    except Exception:
        await services.people.abandon(attempt)
        raise
    await services.people.finish(attempt, 200, answer)
    return _response(answer, 200, replayed=False)


async def _digest(request: Request) -> str:
    """What was asked, to the letter."""
    asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode() + await request.body()
    return hashlib.sha256(asked).hexdigest()


def _response(answer: str, status: int, replayed: bool) -> Response:
    headers = {"Idempotency-Replayed": "true"} if replayed else None
    return Response(answer.encode(), status, headers, media_type="application/json")
