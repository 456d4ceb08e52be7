"""What changes while a page is open, as server-sent events: the id of a message, and nothing of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from fastapi import APIRouter
from fastapi.responses import Response, StreamingResponse

from takeback.httpd.person import SignedIn
from takeback.httpd.services import ServicesDep

_PATIENCE = 15.0
"""Seconds after which a line is sent where there is nothing to say, so that a lost connection is noticed."""

router = APIRouter(include_in_schema=False)


@router.get("/events")
async def events(services: ServicesDep, person: SignedIn) -> Response:
    accounts = frozenset({person.account, *person.rights.acts_for})

    async def lines() -> AsyncIterator[str]:
        told = "retry: 2000\nevent: ready\ndata: {}\n\n"  # from here on nothing is missed; what came before may be
        async for change in services.changes.listen(accounts, _PATIENCE):
            yield f"data: {json.dumps({'id': change.message})}\n\n" if change else told
            told = ": still here\n\n"

    return StreamingResponse(lines(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
