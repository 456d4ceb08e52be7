"""`/metrics`: what is counted, in the text form that Prometheus reads. No address or subject stands in it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from takeback.httpd.person import by_key, client_of
from takeback.httpd.problems import Code, Problem
from takeback.httpd.services import Services, ServicesDep
from takeback.httpd.settings import is_loopback

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
async def metrics(request: Request, services: ServicesDep) -> Response:
    await _check(request, services)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _check(request: Request, services: Services) -> None:
    """Raises Problem unless `[http] metrics` lets this client in. What a proxy on this machine passes on does not come
    from this machine."""
    allowed = services.settings.metrics
    if allowed == "loopback" and is_loopback(client_of(request)) and "x-forwarded-for" not in request.headers:
        return
    if allowed == "key":
        person = await by_key(request, services)
        if person is not None and person.rights.administrator:
            return
    raise Problem(Code.NOT_FOUND)
