"""Where mail programs fetch their settings: Mozilla's autoconfig, and a profile for Apple's devices."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, FastAPI, Query
from fastapi.responses import Response

from takeback.auth.identity import account_key
from takeback.httpd.mail_programs import apple_profile, client_config
from takeback.httpd.person import SignedIn
from takeback.httpd.problems import Code, Problem
from takeback.httpd.services import ServicesDep
from takeback.mail.address import domain_of, is_addr_spec

router = APIRouter(include_in_schema=False)
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


def install(app: FastAPI) -> None:
    app.include_router(router)


@router.get("/mail/config-v1.1.xml")
@router.get("/.well-known/autoconfig/mail/config-v1.1.xml")
async def autoconfig(services: ServicesDep, emailaddress: Annotated[str, Query(max_length=320)] = "") -> Response:
    """For whoever asks: nothing in it is secret or tells whether there is such an account. Only the organisation's own
    addresses are sent here."""
    key = account_key(emailaddress) if emailaddress else None
    if emailaddress and (key is None or not is_addr_spec(key) or not services.is_internal(key)):
        raise Problem(Code.NOT_FOUND, "that is no address of ours")
    document = client_config(services.mail, domain_of(key) if key else services.mail.host)
    return Response(document, media_type="text/xml", headers={"Cache-Control": "max-age=3600"})


@router.get("/mail/takeback.mobileconfig")
async def profile(
    services: ServicesDep, person: SignedIn, incoming: Annotated[str, Query(max_length=253)] = ""
) -> Response:
    """For the signed-in person. `incoming` says where they read their mail, unless that is known."""
    host = incoming or services.mail.incoming
    if not _HOST.fullmatch(host):
        raise Problem(Code.BAD_VALUE, "say at which server you read your mail, such as imap.example.com")
    return Response(
        apple_profile(services.mail, person.address, host),
        media_type="application/x-apple-aspen-config",
        headers={"Content-Disposition": 'attachment; filename="takeback.mobileconfig"'},
    )
