"""A gateway in this process with its HTTP face on a real socket, and browsers and programs that talk to it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from takeback.app import Gateway
from takeback.auth.credentials import make_api_key, make_app_password
from takeback.auth.passwords import Passwords
from takeback.clock import HOUR, Instant
from takeback.ids import digest, new_id, new_secret
from takeback.mail.envelope import Envelope, Recipient
from takeback.ports.people import Author, NewSession, Scope
from takeback.ports.store import NewMessage, Origin
from takeback.store.accounts import NewAccount
from takeback.store.people_store import SqlPeopleStore
from takeback.store.store import SqlStore
from tests.doubles.gateways import configuration, parsed

ANN = "ann@example.com"
BEN = "ben@example.com"
EVE = "eve@example.com"
PASSWORD = "correct horse battery"
LETTER = b"From: ann@example.com\r\nSubject: Lunch\r\n\r\nAt noon?\r\n"
NOBODY = Author("test")


class Site(AbstractAsyncContextManager["Site"]):
    """`gateway` runs between entering and leaving, on a database in `folder`. Nothing leaves by itself."""

    gateway: Gateway
    url: str

    def __init__(self, folder: Path, http: str = "", more: str = "") -> None:
        """`http` is what else stands in [http], `more` what else stands in the file."""
        text = configuration({"*": 9}, window="1h", http=f'listen = "127.0.0.1:0"\n{http}', more=more)
        self.config = parsed(text, folder)
        self._clients: list[httpx.AsyncClient] = []

    async def __aenter__(self) -> Site:
        self.gateway = Gateway(self.config)
        await self.gateway.start()
        host, port = self.gateway.endpoints[-1]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        for client in self._clients:
            await client.aclose()
        await self.gateway.stop()

    @property
    def store(self) -> SqlStore:
        return self.gateway.store

    @property
    def people(self) -> SqlPeopleStore:
        return SqlPeopleStore(self.store.access)

    @property
    def app(self) -> FastAPI:
        face = self.gateway.face
        assert face is not None
        return face.app

    def client(self, **settings: Any) -> httpx.AsyncClient:
        """A browser or program that has proved nothing."""
        client = httpx.AsyncClient(base_url=self.url, timeout=20, trust_env=False, **settings)
        self._clients.append(client)
        return client

    async def program(self, account: str, *scopes: Scope, name: str = "laptop") -> httpx.AsyncClient:
        """A program that has a key of that account; without scopes named, one that may read, act and see contents."""
        return self.client(headers={"Authorization": f"Bearer {await self.key(account, *scopes, name=name)}"})

    async def key(self, account: str, *scopes: Scope, name: str = "laptop", expires_at: Instant | None = None) -> str:
        allowed = frozenset(scopes or (Scope.READ, Scope.ACT, Scope.CONTENT))
        return (await make_api_key(self.people, self.store.now(), account, name, allowed, NOBODY, expires_at)).secret

    async def app_password(self, account: str, name: str = "phone") -> str:
        return (await make_app_password(self.people, self.store.now(), account, name, NOBODY)).secret

    async def browser(self, account: str) -> httpx.AsyncClient:
        """A browser that is signed in, without having been through the sign-in page."""
        secret = new_secret()
        await self.people.start_session(
            NewSession(digest(secret), account, account, "password", self.store.now() + HOUR, "127.0.0.1", "test")
        )
        return self.client(cookies={"takeback": secret})

    async def add_account(self, account: str, password: str = PASSWORD) -> None:
        passwords = Passwords()
        await self.store.set_account(NewAccount(account, account, passwords.hash_now(password)))
        passwords.close()

    async def held(
        self,
        account: str = ANN,
        to: Sequence[str] = ("bob@one.example",),
        content: Sequence[bytes] = (LETTER,),
        **values: Any,
    ) -> str:
        """The id of a message that waits for an hour; `content` in pieces of at most 1 MiB."""
        now = self.store.now()
        message: dict[str, Any] = {
            "id": new_id(now),
            "account": account,
            "origin": Origin.SUBMISSION,
            "envelope": Envelope(account, tuple(map(Recipient, to))),
            "due_at": [now + HOUR] * len(to),
            "accepted_at": now,
            "size": sum(map(len, content)),
            "eight_bit": False,
            "content": content,
            "lock_secret": b"\1" * 32,
            "body_digest": b"\2" * 32,
            "subject": "Lunch",
        }
        await self.store.accept(NewMessage(**{**message, **values}))
        return str({**message, **values}["id"])
