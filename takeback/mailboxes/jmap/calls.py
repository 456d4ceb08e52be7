"""Calls to a JMAP server on behalf of one login: session, methods, and the bytes of messages."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import httpx

from takeback.clock import SECOND
from takeback.mailboxes.jmap.answers import CORE, MAIL, NotJmap, Session, Uploaded, problem, understood
from takeback.mailboxes.names import user_name
from takeback.mailboxes.reading import reading
from takeback.mailboxes.settings import MailboxSettings
from takeback.mailboxes.web import WebServer
from takeback.ports.mailbox import Declined, Kept, MailboxRefused, MailboxUnavailable

WELL_KNOWN = "/.well-known/jmap"
LIMIT = "urn:ietf:params:jmap:error:limit"
_MOST_REDIRECTS = 5
_NOT_DONE = frozenset({400})
_NO_BLOB = frozenset({404, 410})
_DEFAULT_PORTS = {"https": 443, "http": 80}
Method = tuple[str, dict[str, Any]]


class StateMismatch(Exception):
    """The condition was not met: something in the account changed. Nothing was done."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """Where one login's mail is spoken to."""

    api: str
    download: str
    upload: str
    account: str
    largest_upload: int | None


class JmapServer:
    """One server, for all its logins."""

    def __init__(self, settings: MailboxSettings) -> None:
        """Raises ConfigError where `ca_file` cannot be used."""
        self.web = WebServer(settings)
        self._settings = settings
        self.name = self.web.name

    async def log_in(self, address: str) -> Jmap:
        """Raises MailboxUnavailable, MailboxRefused."""
        headers = await self._login(address)
        with self.understanding():
            async with self.in_time():
                url, session = await self._session(headers)
            return Jmap(self, headers, self._spoken(url, session))

    async def _login(self, address: str) -> dict[str, str]:
        name = user_name(self._settings.login_template, address, self._settings.username)
        password = await self.web.password()
        if not self._settings.username:
            if not (password.isascii() and password.isprintable()):
                raise MailboxRefused(f"no login at {self.name}: the token has letters that no token has")
            return {"Authorization": f"Bearer {password}"}
        encoded = base64.b64encode(f"{name}:{password}".encode()).decode()
        return {"Authorization": f"Basic {encoded}"}

    async def _session(self, headers: dict[str, str]) -> tuple[str, Session]:
        """The session, and the address at which it was found in the end."""
        configured = urlsplit(self._settings.url)
        url = self._settings.url if configured.path.strip("/") else urljoin(self._settings.url, WELL_KNOWN)
        for _ in range(_MOST_REDIRECTS):
            request = self.web.request("GET", url, headers=headers)
            async with self.web.asked(request, redirects=True) as response:
                if response.has_redirect_location:
                    url = self._at_home(url, response.headers["location"])
                    continue
                return url, understood(Session, _document(await self.web.body(response)))
        raise MailboxRefused(f"{self.name} redirects in a circle")

    def _spoken(self, url: str, session: Session) -> Spoken:
        account = session.primary.get(MAIL)
        if account is None or account not in session.accounts:
            raise MailboxRefused(f"{self.name} shows no mail for this login")
        if session.accounts[account].read_only:
            raise MailboxRefused(f"{self.name} lets this login only read")
        core = session.capabilities.get(CORE)
        largest = core.get("maxSizeUpload") if isinstance(core, dict) else None
        return Spoken(
            api=self._at_home(url, session.api),
            download=self._at_home(url, session.download),
            upload=self._at_home(url, session.upload),
            account=account,
            largest_upload=largest if isinstance(largest, int) else None,
        )

    def _at_home(self, base: str, url: str) -> str:
        """The address in full. Raises MailboxRefused where it is another server's: no password goes there."""
        try:
            whole = urljoin(base, url)
            at_home = _origin(whole) == _origin(self._settings.url)
        except ValueError:
            raise NotJmap("an address that is none") from None
        if not at_home:
            raise MailboxRefused(f"{self.name} sends us to another server; name that one in url if it is meant")
        return whole

    @contextmanager
    def understanding(self) -> Iterator[None]:
        """Where an answer makes no sense, the mailbox is not available."""
        try:
            yield
        except NotJmap as error:
            raise MailboxUnavailable(f"{self.name} does not speak JMAP: {error}") from None

    @asynccontextmanager
    async def in_time(self) -> AsyncIterator[None]:
        """However slowly it trickles."""
        seconds = self._settings.command_timeout / SECOND
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError:
            raise MailboxUnavailable(f"{self.name}: no answer within {seconds:g}s") from None


class Jmap:
    """The mail of one login."""

    def __init__(self, server: JmapServer, headers: dict[str, str], spoken: Spoken) -> None:
        self._server = server
        self._web = server.web
        self._headers = headers
        self._spoken = spoken
        self.name = server.name
        self.understanding = server.understanding

    async def call(self, *methods: Method) -> Sequence[Any]:
        """One answer to each, done in this order. Raises StateMismatch, MailboxUnavailable, MailboxRefused."""
        calls = [
            [name, {"accountId": self._spoken.account} | arguments, str(number)]
            for number, (name, arguments) in enumerate(methods)
        ]
        request = self._web.request(
            "POST", self._spoken.api, json={"using": [CORE, MAIL], "methodCalls": calls}, headers=self._headers
        )
        with self._server.understanding():
            async with self._server.in_time(), self._web.asked(request, expected=_NOT_DONE) as response:
                answer = await self._document(response)
            return [self._answer(answer, number, name) for number, (name, _) in enumerate(methods)]

    def _answer(self, document: Any, number: int, name: str) -> Any:
        match document:
            case {"methodResponses": list(answers)} if number < len(answers):
                match answers[number]:
                    case ["error", {"type": "stateMismatch"}, _]:
                        raise StateMismatch
                    case ["error", dict(error), _]:
                        raise problem(self.name, name, error)
                    case [str(answered), dict(value), str(tag)] if (answered, tag) == (name, str(number)):
                        return value
        raise NotJmap(f"no answer to {name}")

    async def download(self, blob: str) -> AsyncGenerator[bytes, None]:
        """The bytes of a message."""
        url = self._spoken.download
        for field, value in {
            "accountId": self._spoken.account,
            "blobId": blob,
            "name": "message.eml",
            "type": "message/rfc822",
        }.items():
            url = url.replace(f"{{{field}}}", quote(value, safe=""))
        request = self._web.request("GET", url, headers=self._headers | {"Accept-Encoding": "identity"})
        async with self._web.asked(request, expected=_NO_BLOB) as response:
            if response.status_code in _NO_BLOB:
                raise MailboxUnavailable(f"{self.name}: the message is gone")
            async for piece in response.aiter_bytes():
                yield piece

    async def upload(self, kept: Kept) -> str:
        """The bytes are at the server, in no folder yet; their blob id."""
        largest = self._spoken.largest_upload
        if largest is not None and kept.size > largest:
            raise MailboxRefused(f"{self.name} takes no message of that size")
        url = self._spoken.upload.replace("{accountId}", quote(self._spoken.account, safe=""))
        headers = self._headers | {"Content-Type": "message/rfc822", "Content-Length": str(kept.size)}
        with self._server.understanding():
            async with reading(kept.open) as pieces:
                content = self._measured(pieces, kept.size)
                request = self._web.request("POST", url, content=content, headers=headers)
                async with self._web.asked(request, expected=_NOT_DONE) as response:
                    uploaded = understood(Uploaded, await self._document(response))
        if uploaded.size != kept.size:
            raise MailboxUnavailable(f"{self.name} took {uploaded.size} octets of {kept.size}")
        return uploaded.blob

    async def _document(self, response: httpx.Response) -> Any:
        """The JSON of an answer. A request that was one too many at a time is not a wrong one (RFC 8620 §3.6.1)."""
        body = await self._web.body(response)
        if response.status_code not in _NOT_DONE:
            return _document(body)
        with suppress(NotJmap):
            match _document(body):
                case {"type": str(kind)} if kind == LIMIT:
                    raise Declined(f"{self.name} wants fewer requests at a time")
        raise MailboxRefused(f"{self.name} does not understand (HTTP {response.status_code})")

    async def _measured(self, pieces: AsyncIterator[bytes], size: int) -> AsyncIterator[bytes]:
        left = size
        async for piece in pieces:
            left -= len(piece)
            if left < 0:
                break
            yield piece
        if left:
            raise MailboxUnavailable(f"what was to be put there has not the {size} octets that it should have")


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    if "@" in parts.netloc:
        raise ValueError("a login within an address")
    return parts.scheme, parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme)


def _document(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise NotJmap("no JSON") from None
