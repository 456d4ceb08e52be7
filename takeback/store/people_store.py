"""The store of people: `takeback.ports.people.People` over the same database as the mail."""

from __future__ import annotations

from collections.abc import Sequence

from takeback.clock import Instant
from takeback.ports.people import (
    ApiKey,
    AppPassword,
    Attempt,
    Author,
    Earlier,
    Link,
    NewApiKey,
    NewAppPassword,
    NewLink,
    NewSession,
    Notices,
    PersonRecord,
    Preferences,
    Right,
    Session,
)
from takeback.store import people_attempts, people_rights, people_secrets, people_sessions
from takeback.store.access import Access
from takeback.store.people_attempts import Finish
from takeback.store.people_rights import DelegateChange, RightChange
from takeback.store.people_secrets import USE_IS_NEWS, Revocation
from takeback.store.people_sessions import Ending
from takeback.store.writer import Transition, Urgency

_SET_RIGHT = Transition(people_rights.set_right, Urgency.PERSON)
_SET_DELEGATE = Transition(people_rights.set_delegate, Urgency.PERSON)
_SET_PREFERENCES = Transition(people_rights.set_preferences, Urgency.PERSON)
_START_SESSION = Transition(people_sessions.start_session, Urgency.PERSON)
_TOUCH_SESSION = Transition(people_sessions.touch_session, Urgency.ACCEPT)
_END_SESSIONS = Transition(people_sessions.end_sessions, Urgency.PERSON)
_ADD_APP_PASSWORD = Transition(people_secrets.add_app_password, Urgency.PERSON)
_USE_APP_PASSWORD = Transition(people_secrets.note_use_of_app_password, Urgency.ACCEPT)
_REVOKE_APP_PASSWORD = Transition(people_secrets.revoke_app_password, Urgency.PERSON)
_ADD_API_KEY = Transition(people_secrets.add_api_key, Urgency.PERSON)
_USE_API_KEY = Transition(people_secrets.note_use_of_api_key, Urgency.ACCEPT)
_REVOKE_API_KEY = Transition(people_secrets.revoke_api_key, Urgency.PERSON)
_ADD_LINK = Transition(people_secrets.add_link, Urgency.ACCEPT)
_BEGIN = Transition(people_attempts.begin, Urgency.PERSON)
_FINISH = Transition(people_attempts.finish, Urgency.PERSON)
_ABANDON = Transition(people_attempts.abandon, Urgency.PERSON)
_SWEEP = Transition(people_attempts.sweep, Urgency.ACCEPT)


class SqlPeopleStore:
    def __init__(self, access: Access) -> None:
        self._access = access
        self._now = access.database.now

    async def person(self, account: str) -> PersonRecord:
        return await self._access.ask(lambda connection: people_rights.person(connection, account))

    async def people(self) -> Sequence[PersonRecord]:
        return await self._access.ask(people_rights.people)

    async def set_right(self, account: str, right: Right, given: bool, author: Author) -> bool:
        return await self._access.submit(_SET_RIGHT, RightChange(account, right, given, author))

    async def set_delegate(self, account: str, delegate: str, given: bool, author: Author) -> bool:
        return await self._access.submit(_SET_DELEGATE, DelegateChange(account, delegate, given, author))

    async def delegates(self, account: str) -> Sequence[str]:
        return await self._access.ask(lambda connection: people_rights.delegates(connection, account))

    async def set_preferences(self, account: str, preferences: Preferences) -> None:
        await self._access.submit(_SET_PREFERENCES, (account, preferences))

    async def accounts_with_notices(self, notices: Notices) -> frozenset[str]:
        return await self._access.ask(lambda connection: people_rights.accounts_with_notices(connection, notices))

    async def start_session(self, session: NewSession) -> None:
        await self._access.submit(_START_SESSION, session)

    async def session(self, token: str) -> Session | None:
        return await self._access.ask(
            lambda connection: people_sessions.session(connection, self._now(connection), token)
        )

    async def sessions(self, account: str) -> Sequence[Session]:
        return await self._access.ask(
            lambda connection: people_sessions.sessions(connection, self._now(connection), account)
        )

    async def touch_session(self, token: str) -> None:
        await self._access.submit(_TOUCH_SESSION, token)

    async def end_session(self, token: str, author: Author) -> None:
        await self._access.submit(_END_SESSIONS, Ending(None, author, token=token))

    async def end_sessions(self, account: str, author: Author, id: int | None = None) -> int:
        return await self._access.submit(_END_SESSIONS, Ending(account, author, id=id))

    async def add_app_password(self, password: NewAppPassword) -> None:
        await self._access.submit(_ADD_APP_PASSWORD, password)

    async def app_passwords(self, account: str) -> Sequence[AppPassword]:
        return await self._access.ask(lambda connection: people_secrets.app_passwords(connection, account))

    async def has_app_password(self, account: str, secret: str) -> bool:
        found = await self._access.ask(lambda connection: people_secrets.find_app_password(connection, account, secret))
        if found is not None and self._is_news(found.last_used_at):
            await self._access.submit(_USE_APP_PASSWORD, found.id)
        return found is not None

    async def revoke_app_password(self, account: str, id: str, author: Author) -> bool:
        return await self._access.submit(_REVOKE_APP_PASSWORD, Revocation(account, id, author))

    async def add_api_key(self, key: NewApiKey) -> None:
        await self._access.submit(_ADD_API_KEY, key)

    async def api_keys(self, account: str | None) -> Sequence[ApiKey]:
        return await self._access.ask(lambda connection: people_secrets.api_keys(connection, account))

    async def api_key(self, id: str, secret: str) -> ApiKey | None:
        found = await self._access.ask(
            lambda connection: people_secrets.find_api_key(connection, self._now(connection), id, secret)
        )
        if found is not None and self._is_news(found.last_used_at):
            await self._access.submit(_USE_API_KEY, found.id)
        return found

    async def revoke_api_key(self, account: str | None, id: str, author: Author) -> bool:
        return await self._access.submit(_REVOKE_API_KEY, Revocation(account, id, author))

    async def add_link(self, link: NewLink) -> None:
        await self._access.submit(_ADD_LINK, link)

    async def link(self, token: str) -> Link | None:
        return await self._access.ask(lambda connection: people_secrets.link(connection, self._now(connection), token))

    async def begin(self, attempt: Attempt) -> Earlier | None:
        return await self._access.submit(_BEGIN, attempt)

    async def finish(self, attempt: Attempt, status: int, answer: str) -> None:
        await self._access.submit(_FINISH, Finish(attempt, status, answer))

    async def abandon(self, attempt: Attempt) -> None:
        await self._access.submit(_ABANDON, attempt)

    async def sweep_people(self) -> int:
        return await self._access.submit(_SWEEP, None)

    def _is_news(self, last_used_at: Instant | None) -> bool:
        return last_used_at is None or self._access.now() - last_used_at > USE_IS_NEWS
