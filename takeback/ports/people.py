"""The promise of the store of people: who may do what, how they prove who they are, and what they prefer.

People are known by the key of their account (`takeback.auth.identity.account_key`), whether the account is ours or an
IMAP server's. Secrets are never kept: only their hashes come here. Whatever changes an account is on the sealed record
(`takeback.ports.audit`) with who did it, when, and from where.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from takeback.clock import Instant


class Scope(StrEnum):
    """What an API key may be used for; it never allows more than its account may do."""

    READ = "read"
    """See messages: envelopes, states, events."""
    ACT = "act"
    """Undo, release, hold."""
    CONTENT = "content"
    """Download what was sent."""
    ADMIN = "admin"
    """Use the account's administrator rights."""


class Right(StrEnum):
    """What an account may be given beyond its own mail."""

    ADMINISTRATOR = "administrator"
    """See everybody's envelopes and counts, and act on everybody's mail."""
    READ_BODIES = "read-bodies"
    """Read what others wrote, where their envelopes may be seen. Each use is in the record."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes something about an account, and from where, for the record."""

    actor: str
    client: str = ""


@dataclass(frozen=True, slots=True)
class Rights:
    rights: frozenset[Right] = frozenset()
    acts_for: frozenset[str] = frozenset()
    """Accounts in whose place this one may act."""

    @property
    def administrator(self) -> bool:
        return Right.ADMINISTRATOR in self.rights

    @property
    def reads_bodies(self) -> bool:
        return Right.READ_BODIES in self.rights


class Notices(StrEnum):
    """When a notice of a held message, with a link that stops it, is mailed to its sender."""

    NEVER = "never"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Preferences:
    language: str = ""
    """A language's code; empty: whatever the browser asks for."""
    notices: str = Notices.NEVER
    """When a notice of a held message is mailed to its sender."""


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """What is known of an account besides its mail."""

    account: str
    rights: Rights = Rights()
    preferences: Preferences = Preferences()


@dataclass(frozen=True, slots=True)
class NewSession:
    """`token` is the hash of what the browser holds."""

    token: str
    account: str
    address: str
    method: str
    expires_at: Instant
    client: str
    agent: str


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in, and for how long. `id` names it to its owner and opens nothing."""

    id: int
    address: str
    method: str
    created_at: Instant
    seen_at: Instant
    expires_at: Instant
    client: str
    agent: str
    person: PersonRecord


@dataclass(frozen=True, slots=True)
class NewAppPassword:
    id: str
    account: str
    name: str
    secret: str
    """A hash."""
    author: Author


@dataclass(frozen=True, slots=True)
class AppPassword:
    """A password for one device; good for submitting mail, and for nothing else."""

    id: str
    name: str
    created_at: Instant
    last_used_at: Instant | None


@dataclass(frozen=True, slots=True)
class NewApiKey:
    id: str
    account: str
    name: str
    secret: str
    """A hash."""
    scopes: frozenset[Scope]
    author: Author
    expires_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class ApiKey:
    id: str
    account: str
    name: str
    scopes: frozenset[Scope]
    created_at: Instant
    last_used_at: Instant | None
    expires_at: Instant | None


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link that allows undo of one message until it expires; `token` is a hash."""

    token: str
    message: str
    account: str
    expires_at: Instant


@dataclass(frozen=True, slots=True)
class Link:
    message: str
    account: str
    expires_at: Instant


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request that must not be carried out twice: who asks, under which key, for what (a digest). `token` tells one
    attempt from another with the same words."""

    asker: str
    key: str
    request: str
    token: str


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is known of an earlier attempt under the same key. `status` is None while it has no answer."""

    request: str
    status: int | None
    answer: str


class People(Protocol):
    async def person(self, account: str) -> PersonRecord:
        """What is known of that account; an account nobody has heard of has no rights."""
        ...

    async def people(self) -> Sequence[PersonRecord]:
        """All that have a right or act for somebody."""
        ...

    async def set_right(self, account: str, right: Right, given: bool, author: Author) -> bool:
        """True where this changed something."""
        ...

    async def set_delegate(self, account: str, delegate: str, given: bool, author: Author) -> bool:
        """Afterwards `delegate` may (or may not) act in place of `account`. True where this changed something."""
        ...

    async def delegates(self, account: str) -> Sequence[str]:
        """Who may act in place of that account."""
        ...

    async def set_preferences(self, account: str, preferences: Preferences) -> None: ...

    async def accounts_with_notices(self, notices: Notices) -> frozenset[str]:
        """Those that prefer just that."""
        ...

    async def start_session(self, session: NewSession) -> None: ...

    async def session(self, token: str) -> Session | None:
        """The session of that hash, unless it has expired or was ended."""
        ...

    async def sessions(self, account: str) -> Sequence[Session]: ...

    async def touch_session(self, token: str) -> None:
        """Afterwards it was seen now."""
        ...

    async def end_session(self, token: str, author: Author) -> None: ...

    async def end_sessions(self, account: str, author: Author, id: int | None = None) -> int:
        """Afterwards nobody is signed in as that account (with `id`: under that session). Returns how many were."""
        ...

    async def add_app_password(self, password: NewAppPassword) -> None: ...

    async def app_passwords(self, account: str) -> Sequence[AppPassword]: ...

    async def has_app_password(self, account: str, secret: str) -> bool:
        """Whether a password of that hash is good for that account; its use is noted."""
        ...

    async def revoke_app_password(self, account: str, id: str, author: Author) -> bool: ...

    async def add_api_key(self, key: NewApiKey) -> None: ...

    async def api_keys(self, account: str | None) -> Sequence[ApiKey]:
        """Those of an account; None: all."""
        ...

    async def api_key(self, id: str, secret: str) -> ApiKey | None:
        """The key of that id, if that is its secret's hash and it has not expired; its use is noted."""
        ...

    async def revoke_api_key(self, account: str | None, id: str, author: Author) -> bool: ...

    async def add_link(self, link: NewLink) -> None: ...

    async def link(self, token: str) -> Link | None:
        """The link of that hash, until it expires."""
        ...

    async def begin(self, attempt: Attempt) -> Earlier | None:
        """None: nobody has asked this before, and whoever asks again from now on hears of this attempt."""
        ...

    async def finish(self, attempt: Attempt, status: int, answer: str) -> None:
        """Afterwards whoever repeats the attempt gets this answer."""
        ...

    async def abandon(self, attempt: Attempt) -> None:
        """Afterwards it is as if it had never been asked: nothing was done."""
        ...

    async def sweep_people(self) -> int:
        """Deletes what has expired. Returns how many rows that were."""
        ...
