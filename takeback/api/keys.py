"""API keys: made and revoked by the person they belong to, never by a key."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from takeback.api import models
from takeback.api.people import SecretId
from takeback.auth.credentials import make_api_key
from takeback.flows.documents import Document, api_key
from takeback.httpd.person import AskerDep
from takeback.httpd.problems import Code, Problem
from takeback.httpd.services import ServicesDep
from takeback.ports.people import Scope
from takeback.quantities import parse_duration

router = APIRouter(prefix="/keys", tags=["keys"])


@router.get("", response_model=models.Keys)
async def list_keys(services: ServicesDep, person: AskerDep) -> Document:
    """The keys of the account, without their secrets."""
    person.need(Scope.READ)
    return {"keys": [api_key(each) for each in await services.people.api_keys(person.account)]}


@router.post("", status_code=201, response_model=models.MadeSecret)
async def add_key(services: ServicesDep, person: AskerDep, asked: models.NewKey) -> Document:
    """Only a signed-in person can: a key makes no keys."""
    person.need_presence()
    try:
        expires_at = services.now() + parse_duration(asked.expires_in) if asked.expires_in is not None else None
    except ValueError as error:
        raise Problem(Code.BAD_VALUE, str(error)) from None
    made = await make_api_key(
        services.people,
        services.now(),
        person.account,
        asked.name,
        frozenset(asked.scopes),
        person.author,
        expires_at,
    )
    return {"id": made.id, "name": made.name, "secret": made.secret}


@router.delete("/{id}", status_code=204, response_class=Response)
async def revoke_key(services: ServicesDep, person: AskerDep, id: SecretId) -> None:
    """Make a key good for nothing. Only a signed-in person can."""
    person.need_presence()
    if not await services.people.revoke_api_key(person.account, id, person.author):
        raise Problem(Code.NOT_FOUND, "there is no such key")
