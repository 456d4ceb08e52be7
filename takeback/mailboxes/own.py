"""A person's own mail over IMAP, with the person's own login: the way from Sent to Drafts.

One login a try: this happens after an undo, which is rare, and a connection kept open would be a login kept open.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.parser import BytesHeaderParser
from pathlib import Path

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError
from imapclient.imapclient import DRAFTS, SENT

from takeback.clock import SECOND
from takeback.errors import ConfigError
from takeback.imap_url import Encryption, parse_imap_url
from takeback.mailboxes.own_settings import SentCopySettings
from takeback.ports.sent_copies import NoEntry, OwnMailbox, Whereabouts

_AT_ONCE = 5
_DRAFT = b"\\Draft"
_MESSAGE_ID = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"


class ImapDrafts:
    """`takeback.ports.sent_copies.Drafts` over IMAP (RFC 9051), in threads of its own."""

    def __init__(self, settings: SentCopySettings) -> None:
        """Raises ConfigError where the authority's file cannot be used."""
        self._servers = settings.servers
        self._timeout = settings.timeout / SECOND
        self._context = _trusting(settings.ca_file)
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def check(self, mailbox: OwnMailbox) -> None:
        async with self._turns:
            await asyncio.to_thread(self._check, mailbox)

    async def move_to_drafts(self, mailbox: OwnMailbox, message_id: str) -> Whereabouts:
        async with self._turns:
            return await asyncio.to_thread(self._move, mailbox, message_id)

    def _check(self, mailbox: OwnMailbox) -> None:
        with self._logged_in(mailbox) as client:
            _folders(client)

    def _move(self, mailbox: OwnMailbox, message_id: str) -> Whereabouts:
        with self._logged_in(mailbox) as client:
            sent, drafts = _folders(client)
            client.select_folder(sent)
            copies = _copies(client, message_id)
            if not copies:
                return Whereabouts.NOT_THERE
            # The mark goes first: cut off in between, there is a draft in Sent, and the next try moves it.
            client.add_flags(copies, [_DRAFT], silent=True)
            _put(client, copies, drafts)
            return Whereabouts.MOVED

    @contextmanager
    def _logged_in(self, mailbox: OwnMailbox) -> Iterator[IMAPClient]:
        if mailbox.server not in self._servers:
            raise NoEntry("{server} is not among the servers that the configuration names", server=mailbox.server)
        server = parse_imap_url(mailbox.server)
        try:
            with IMAPClient(
                server.host,
                server.port,
                ssl=server.encryption is Encryption.IMPLICIT,
                ssl_context=self._context if server.encryption is Encryption.IMPLICIT else None,
                timeout=self._timeout,
            ) as client:
                if server.encryption is Encryption.STARTTLS:
                    client.starttls(self._context)
                client.login(mailbox.username, mailbox.password)
                yield client
        except LoginError as error:
            raise NoEntry("{server} refuses the login: {reply}", server=server.host, reply=str(error)) from None
        except (IMAPClientError, OSError, ValueError, UnicodeError) as error:
            raise NoEntry("{server} cannot be used: {reply}", server=server.host, reply=str(error)) from None


def _folders(client: IMAPClient) -> tuple[str, str]:
    """Sent and Drafts, by what the server says they are for (RFC 6154), else by their usual names."""
    sent, drafts = (client.find_special_folder(kind) for kind in (SENT, DRAFTS))
    if sent is None:
        raise NoEntry("no folder for sent mail was found")
    if drafts is None:
        raise NoEntry("no folder for drafts was found")
    return sent, drafts


def _copies(client: IMAPClient, message_id: str) -> list[int]:
    """Those with exactly that Message-ID: the search also finds longer ones that contain it (RFC 9051 §6.4.4)."""
    found = client.search(["HEADER", "Message-ID", message_id], "UTF-8")
    if not found:
        return []
    fetched = client.fetch(found, [_MESSAGE_ID])
    return [uid for uid, values in fetched.items() if any(_names(value, message_id) for value in values.values())]


def _names(value: object, message_id: str) -> bool:
    if not isinstance(value, bytes):
        return False
    return str(BytesHeaderParser().parsebytes(value)["Message-ID"] or "").strip() == message_id


def _put(client: IMAPClient, copies: list[int], drafts: str) -> None:
    if client.has_capability("MOVE"):
        client.move(copies, drafts)
        return
    client.copy(copies, drafts)
    client.delete_messages(copies, silent=True)
    if client.has_capability("UIDPLUS"):  # without it EXPUNGE would also remove what others have marked
        client.uid_expunge(copies)


def _trusting(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError) as error:
        raise ConfigError(f"sent_copies.ca_file: {ca_file} cannot be used: {error}") from error
