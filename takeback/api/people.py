"""People: who asks, what they may do, whom they let act for them, what they prefer; counts for administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response

from takeback.api import models
from takeback.auth.credentials import make_app_password
from takeback.auth.identity import account_key
from takeback.flows.documents import Document, time
from takeback.httpd.person import AskerDep, Person
from takeback.httpd.problems import Code, Problem
from takeback.httpd.services import ServicesDep
from takeback.i18n.language import languages
from takeback.mail.address import is_addr_spec
from takeback.ports.people import AppPassword, Preferences, Scope

router = APIRouter(tags=["people"])

Address = Annotated[str, Path(min_length=1, max_length=320)]
SecretId = Annotated[str, Path(max_length=64, pattern=r"^[a-z0-9]+$")]


@router.get("/people/me", response_model=models.Me)
async def get_me(services: ServicesDep, person: AskerDep) -> Document:
    """Who the key or the session belongs to."""
    return {
        "account": person.account,
        "address": person.address,
        "rights": sorted(person.rights.rights),
        "acts_for": sorted(person.rights.acts_for),
        "delegates": list(await services.people.delegates(person.account)),
        "scopes": sorted(person.scopes),
        "preferences": {"language": person.preferences.language, "notices": person.preferences.notices},
    }


@router.put("/people/me/preferences", response_model=models.Preferences)
async def put_preferences(services: ServicesDep, person: AskerDep, asked: models.Preferences) -> Document:
    """Language and notices."""
    person.need(Scope.ACT)
    if asked.language and asked.language not in languages():
        known = ", ".join(languages())
        raise Problem(Code.BAD_VALUE, "no such language; there are {languages}", values={"languages": known})
    await services.people.set_preferences(person.account, Preferences(asked.language, asked.notices))
    return asked.model_dump()


@router.put("/people/me/delegates/{address}", status_code=204, response_class=Response)
async def put_delegate(services: ServicesDep, person: AskerDep, address: Address) -> None:
    """Let somebody act for you: undo, release and hold your messages. Only a signed-in person can."""
    person.need_presence()
    delegate = _account(address)
    if delegate == person.account:
        raise Problem(Code.BAD_VALUE, "nobody is their own delegate")
    await services.people.set_delegate(person.account, delegate, True, person.author)


@router.delete("/people/me/delegates/{address}", status_code=204, response_class=Response)
async def delete_delegate(services: ServicesDep, person: AskerDep, address: Address) -> None:
    """Nobody acts for you any more by that name. Only a signed-in person can."""
    person.need_presence()
    if not await services.people.set_delegate(person.account, _account(address), False, person.author):
        raise Problem(Code.NOT_FOUND, "there is no such delegate")


@router.get("/people/me/app-passwords", response_model=models.AppPasswords)
async def list_app_passwords(services: ServicesDep, person: AskerDep) -> Document:
    """The passwords for single devices, without their secrets."""
    person.need(Scope.READ)
    return {"app_passwords": [_app_password(each) for each in await services.people.app_passwords(person.account)]}


@router.post("/people/me/app-passwords", status_code=201, response_model=models.MadeSecret)
async def add_app_password(services: ServicesDep, person: AskerDep, asked: models.NewAppPassword) -> Document:
    """A password for one device, good for submitting mail. Only a signed-in person can make one."""
    person.need_presence()
    made = await make_app_password(services.people, services.now(), person.account, asked.name, person.author)
    return {"id": made.id, "name": made.name, "secret": made.secret}


@router.delete("/people/me/app-passwords/{id}", status_code=204, response_class=Response)
async def revoke_app_password(services: ServicesDep, person: AskerDep, id: SecretId) -> None:
    """Make an app password good for nothing. Only a signed-in person can."""
    person.need_presence()
    if not await services.people.revoke_app_password(person.account, id, person.author):
        raise Problem(Code.NOT_FOUND, "there is no such app password")


@router.get("/people", response_model=models.People)
async def list_people(services: ServicesDep, person: AskerDep) -> Document:
    """Everybody who has a right or acts for somebody; for administrators."""
    _need_administrator(person)
    return {
        "people": [
            {
                "account": each.account,
                "rights": sorted(each.rights.rights),
                "acts_for": sorted(each.rights.acts_for),
            }
            for each in await services.people.people()
        ]
    }


@router.get("/counts", response_model=models.Counts)
async def counts(services: ServicesDep, person: AskerDep) -> Document:
    """How many recipients are in which state, over all accounts; for administrators."""
    _need_administrator(person)
    return {"recipients": {state.value: count for state, count in (await services.store.count_by_state()).items()}}


def _need_administrator(person: Person) -> None:
    if not person.rights.administrator:
        raise Problem(Code.NOT_ALLOWED, "only an administrator, with a key of that scope, may see that")


def _account(address: str) -> str:
    key = account_key(address)
    if key is None or not is_addr_spec(key):
        raise Problem(Code.BAD_VALUE, "that is no address")
    return key


def _app_password(password: AppPassword) -> Document:
    return {
        "id": password.id,
        "name": password.name,
        "created_at": time(password.created_at),
        "last_used_at": time(password.last_used_at),
    }
