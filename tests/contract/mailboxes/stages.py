"""Where the contract of a connector is played: a real server, one user's mailbox, and its owner's own mail client."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, Self

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from takeback.clock import Instant, from_datetime
from takeback.mailboxes.connectors import make_connector
from takeback.mailboxes.marks import canonical
from takeback.mailboxes.settings import MailboxSettings
from takeback.ports.mailbox import Connector, Copy, Kept, Mailbox, Reference
from tests.services import cyrus, dovecot
from tests.services.cyrus import Cyrus
from tests.services.dovecot import Dovecot

DOMAIN = "example.com"
MESSAGE_ID = "<note-1@example.com>"
REFERENCE = Reference(MESSAGE_ID)
DATE = datetime(2026, 11, 3, 4, 5, 6, tzinfo=UTC)


class Server(Protocol):
    imap_port: int

    def new_user(self, *, tight: bool = False) -> str: ...
    def log_in(self, user: str) -> IMAPClient: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...


@dataclass(frozen=True)
class Kind:
    """One connector at one server, and what of the contract is its own affair."""

    name: str
    conditional: bool = True
    """Whether the server decides on unread in the same step as the removal."""
    marks: bool = True
    """Whether a reader sees `\\Deleted $Recalled` on what is about to be removed."""
    keeps_8_bit: bool = True
    """Whether the server keeps octets beyond ASCII in headers; Cyrus writes X for each of them."""
    keywords: bool = True
    """Whether any keyword can be put back, or only those that have a letter."""
    octets: bool = True
    """Whether any octets can be read and put, or only UTF-8."""
    dates: bool = True
    """Whether the date of arrival can be put back."""
    quota: bool = True
    """Whether the connector meets the server's quota."""
    brisk: bool = True
    """Whether a removal is decided within a millisecond or two."""
    identical: bool = True
    """Whether identical copies are told apart."""
    interrupted: bool = True
    """Whether a removal can be interrupted with `\\Deleted` on the copy."""
    logs_in: bool = True
    """Whether there is a server that can be down, and a password that can be wrong."""

    @property
    def server(self) -> str:
        return self.name.partition("@")[2]


KINDS = (
    Kind("imap@dovecot"),
    Kind("imap@cyrus", keeps_8_bit=False),
    Kind("jmap@cyrus", keeps_8_bit=False, marks=False, brisk=False, identical=False, interrupted=False),
    Kind("doveadm@dovecot", conditional=False, brisk=False, marks=False, octets=False, dates=False),
    Kind("maildir@dovecot", marks=False, keywords=False, quota=False, logs_in=False),
)


class Stage:
    """Enter it on the loop of the test. Every user is new, so tests share a server without meeting."""

    def __init__(self, kind: Kind, server: Server, *, tight: bool = False) -> None:
        self.kind = kind
        self.server = server
        self.user = server.new_user(tight=tight)
        self.address = f"{self.user}@{DOMAIN}"
        self._connectors: list[Connector] = []
        self._mailbox: Mailbox | None = None

    async def __aenter__(self) -> Self:
        self.connector = self.make_connector()
        self.owner = self.server.log_in(self.user)
        if not self.kind.logs_in:
            self.owner.select_folder("INBOX")  # makes the Maildir
            self.owner.unselect_folder()
        return self

    async def __aexit__(self, *_: object) -> None:
        for connector in self._connectors:
            await connector.close()
        self.owner.shutdown()

    def make_connector(self, **changes: Any) -> Connector:
        connector = make_connector(MailboxSettings.model_validate(section(self.kind, self.server) | changes))
        self._connectors.append(connector)
        return connector

    async def mailbox(self) -> Mailbox:
        """The mailbox through the connector, opened once."""
        if self._mailbox is None:
            self._mailbox = await self.connector.open(self.address)
        return self._mailbox

    async def find(self, message_id: str = MESSAGE_ID) -> Sequence[Copy]:
        """What a mailbox that is opened anew finds."""
        mailbox = await self.connector.open(self.address)
        try:
            return await mailbox.find(Reference(message_id))
        finally:
            await mailbox.close()

    async def find_one(self) -> Copy:
        (copy,) = await self.find()
        return copy

    # The owner's own doing

    def deliver(self, raw: bytes, folder: str = "INBOX", flags: Iterable[str] = (), date: datetime = DATE) -> int:
        """Afterwards the message is there; its UID."""
        if folder != "INBOX" and not self.owner.folder_exists(folder):
            self.owner.create_folder(folder)
        answer = self.owner.append(folder, raw, tuple(flags), date)
        match = re.search(rb"APPENDUID \d+ (\d+)", answer)
        assert match, answer
        return int(match[1])

    def set_flags(self, uid: int, flags: Sequence[str], folder: str = "INBOX") -> None:
        self.owner.select_folder(folder)
        self.owner.add_flags([uid], flags)
        self.owner.unselect_folder()

    def move(self, uid: int, source: str, target: str) -> None:
        if not self.owner.folder_exists(target):
            self.owner.create_folder(target)
        self.owner.select_folder(source)
        self.owner.move([uid], target)
        self.owner.unselect_folder()

    def shown(self, folder: str = "INBOX") -> list[Message]:
        """What the owner sees in a folder; nothing where there is none."""
        return shown_to(self.owner, folder)


@dataclass(frozen=True)
class Message:
    raw: bytes
    flags: frozenset[str]
    date: Instant


def shown_to(client: IMAPClient, folder: str) -> list[Message]:
    """What that client sees in a folder; nothing where there is none."""
    try:
        client.select_folder(folder, readonly=True)
    except IMAPClientError:
        return []
    found = client.fetch(client.search("ALL"), ["FLAGS", "BODY.PEEK[]", "INTERNALDATE"])
    client.unselect_folder()
    return [
        Message(
            item[b"BODY[]"],
            canonical(flag.decode() for flag in item[b"FLAGS"]),
            from_datetime(item[b"INTERNALDATE"].astimezone(UTC)),
        )
        for _, item in sorted(found.items())
    ]


def section(kind: Kind, server: Server) -> dict[str, Any]:
    """The `[[mailboxes]]` section for that connector."""
    common = {"for": [f"*@{DOMAIN}"], "kind": kind.name.partition("@")[0]}
    if isinstance(server, Cyrus):
        if kind.name.startswith("jmap"):
            url = f"http://127.0.0.1:{server.http_port}"
            return common | {"url": url, "username": "proxy", "password": cyrus.PASSWORD, "login": "{user}"}
        return common | {
            "url": f"imap://127.0.0.1:{server.imap_port}",
            "username": cyrus.ADMIN,
            "password": cyrus.ADMIN_PASSWORD,
            "login": "authzid",
        }
    assert isinstance(server, Dovecot)
    if kind.name.startswith("maildir"):
        return common | {"url": f"{server.maildir('{user}')}"}
    if kind.name.startswith("doveadm"):
        return common | {"url": f"http://127.0.0.1:{server.http_port}", "password": dovecot.API_KEY}
    return common | {
        "url": f"imap://127.0.0.1:{server.imap_port}",
        "username": dovecot.MASTER,
        "password": dovecot.MASTER_PASSWORD,
    }


def message(
    message_id: str = MESSAGE_ID, body: bytes = b"Dear all,\r\n\r\nthe price is 5.\r\n", top: str = ""
) -> bytes:
    header = f"{top}From: ann@{DOMAIN}\r\nTo: bob@{DOMAIN}\r\nSubject: note\r\nMessage-ID: {message_id}\r\n\r\n"
    return header.encode() + body


def kept(raw: bytes, folder: str = "INBOX", flags: Iterable[str] = (), date: datetime = DATE) -> Kept:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(raw), 50_000):
            yield raw[start : start + 50_000]

    return Kept(folder, frozenset(flags), from_datetime(date), len(raw), pieces)


def duplicates(stage: Stage, number: int) -> list[bytes]:
    """Copies of one message: identical, or with the trace that each delivery leaves where identical ones are one."""
    traces = [f"Received: by mx.{DOMAIN} with LMTP id {each}\r\n" for each in range(number)]
    return [message(top="" if stage.kind.identical else trace) for trace in traces]


async def bytes_of(mailbox: Mailbox, copy: Copy) -> bytes:
    return b"".join([piece async for piece in mailbox.read(copy)])
