"""Who asks, by session or by key, and what they may do to whose mail."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from takeback.auth.credentials import read_api_key
from takeback.clock import MINUTE, Duration
from takeback.errors import StoreUnavailable
from takeback.flows.ask import Who
from takeback.httpd import cookies
from takeback.httpd.problems import Code, Problem
from takeback.httpd.services import Services, ServicesDep
from takeback.ids import digest
from takeback.ports.people import Author, PersonRecord, Preferences, Rights, Scope, Session

_SEEN_IS_NEWS: Duration = 10 * MINUTE
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_BEARER = "bearer "


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has proved to be an account; `rights` are no wider than the key that was shown."""

    account: str
    address: str
    name: str
    """As the record names them: `web:ann@example.com`, `api:ann@example.com/laptop`."""
    client: str
    """The address from which the request came."""
    rights: Rights
    scopes: frozenset[Scope]
    preferences: Preferences
    session: Session | None = None

    @property
    def author(self) -> Author:
        return Author(self.name, self.client)

    def who_for(self, account: str) -> Who | None:
        """On whose behalf this person acts on that account's mail; None where they have nothing to do with it."""
        if account == self.account:
            return Who(self.name, account, self.client)
        if account in self.rights.acts_for:
            return Who(f"{self.name} as delegate", account, self.client)
        if self.rights.administrator:
            return Who(f"{self.name} as administrator", account, self.client)
        return None

    def may_see_subject(self, account: str) -> bool:
        """An administrator sees envelopes; what somebody wrote, and a subject is that, is a right of its own."""
        return account == self.account or account in self.rights.acts_for or self.rights.reads_bodies

    def may_read_body(self, account: str) -> bool:
        """Of one's own mail, or, as a right of its own, of the mail that one may see; then each use is recorded."""
        if account == self.account:
            return True
        return self.rights.reads_bodies and self.who_for(account) is not None

    def sees_evidence(self, account: str) -> bool:
        """Evidence, and why a mailbox is protected, are for administrators; not even for them in their own matters."""
        return self.rights.administrator and account != self.account

    def need(self, scope: Scope) -> None:
        """Raises Problem where the key that was shown is not for that."""
        if scope not in self.scopes:
            raise Problem(Code.NOT_ALLOWED, "this key has no scope {scope}", values={"scope": scope.value})

    def need_presence(self) -> None:
        """Raises Problem where a key was shown: what opens an account to others takes a person who is signed in."""
        if self.session is None:
            raise Problem(Code.NOT_ALLOWED, "this takes a person who is signed in, not a key")


async def by_session(request: Request, services: Services) -> Person | None:
    """Whoever is signed in with this browser."""
    held = cookies.session_cookie(request, services.settings)
    session = await services.people.session(digest(held)) if held else None
    if session is None:
        return None
    if services.now() - session.seen_at > _SEEN_IS_NEWS:
        with suppress(StoreUnavailable):
            await services.people.touch_session(digest(held))
    return _person(request, session.person, session.address, f"web:{session.person.account}", frozenset(Scope), session)


async def by_key(request: Request, services: Services) -> Person | None:
    """Whoever the API key in the request belongs to. Raises Problem for a key that is not good."""
    given = request.headers.get("authorization")
    if given is None:
        return None
    named = read_api_key(given[len(_BEARER) :]) if given[: len(_BEARER)].lower() == _BEARER else None
    key = await services.people.api_key(*named) if named is not None else None
    if key is None:
        raise Problem(Code.NOT_SIGNED_IN, headers={"WWW-Authenticate": "Bearer"})
    record = await services.people.person(key.account)
    return _person(request, record, key.account, f"api:{key.account}/{key.name}", key.scopes, None)


def _person(
    request: Request,
    record: PersonRecord,
    address: str,
    name: str,
    scopes: frozenset[Scope],
    session: Session | None,
) -> Person:
    rights = record.rights if Scope.ADMIN in scopes else Rights(frozenset(), record.rights.acts_for)
    return Person(record.account, address, name, client_of(request), rights, scopes, record.preferences, session)


def client_of(request: Request) -> str:
    return request.client.host if request.client else ""


async def signed_in(request: Request, services: ServicesDep) -> Person:
    """For pages: raises Problem where nobody is signed in, which sends people to the sign-in page."""
    person = await by_session(request, services)
    if person is None:
        raise Problem(Code.NOT_SIGNED_IN)
    return person


async def asker(request: Request, services: ServicesDep) -> Person:
    """For resources: a key, or the session of a page of ours, whose writes need the form token in a header."""
    person = await by_key(request, services)
    if person is not None:
        return person
    person = await by_session(request, services)
    if person is None:
        raise Problem(Code.NOT_SIGNED_IN, headers={"WWW-Authenticate": "Bearer"})
    if request.method not in _SAFE:
        cookies.check_form_token(request, services.settings, request.headers.get(cookies.HEADER, ""))
    return person


async def from_our_page(request: Request, services: ServicesDep) -> AsyncIterator[None]:
    """For pages: raises Problem where what changes something does not come from a form of ours."""
    try:
        if request.method not in _SAFE:
            cookies.check_form_token(request, services.settings, await _given_token(request))
        yield
    finally:
        await request.close()


async def _given_token(request: Request) -> str:
    if (header := request.headers.get(cookies.HEADER)) is not None:
        return header
    field = (await request.form()).get(cookies.FIELD, "")
    return field if isinstance(field, str) else ""


SignedIn = Annotated[Person, Depends(signed_in)]
AskerDep = Annotated[Person, Depends(asker)]
FromOurPage = Depends(from_our_page)
