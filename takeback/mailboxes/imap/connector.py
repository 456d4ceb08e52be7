"""The imap connector: opens mailboxes on one server, a bounded number of them at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from takeback.mailboxes.imap.connection import Connection
from takeback.mailboxes.imap.examining import examine
from takeback.mailboxes.imap.mailbox import ImapMailbox
from takeback.mailboxes.imap.opening import Opener
from takeback.mailboxes.settings import MailboxSettings
from takeback.ports.mailbox import Examined, Mailbox, MailboxUnavailable

LONGEST_REST = 10.0
"""Seconds for which a connection is kept for its mailbox's next task. It is of use to that mailbox alone."""


class ImapConnector:
    """As `takeback.ports.mailbox.Connector` promises."""

    kind = "imap"

    def __init__(self, settings: MailboxSettings) -> None:
        """Raises ConfigError where `ca_file` cannot be used."""
        self._settings = settings
        self._opener = Opener(settings)
        self.server = self._opener.name
        self._slots = asyncio.Semaphore(settings.connections)
        self._resting: dict[str, tuple[Connection, frozenset[str], asyncio.TimerHandle]] = {}
        self._lent: set[Connection] = set()
        self._closed = False

    def covers(self, address: str) -> bool:
        return self._settings.covers(address)

    async def open(self, address: str) -> Mailbox:
        await self._slots.acquire()
        try:
            connection, capabilities = self._wake(address) or await self._opener.open(address)
            if self._closed:
                connection.abort()
                raise MailboxUnavailable("this connector is being closed")
        except BaseException:
            self._slots.release()
            raise
        self._lent.add(connection)

        def give_back(connection: Connection) -> None:
            self._take_back(address, connection, capabilities)

        return ImapMailbox(connection, capabilities, self._settings.skip_folders, self.server, give_back)

    async def examine(self, address: str) -> Sequence[Examined]:
        async with self._slots:
            return await examine(self._opener, address)

    async def close(self) -> None:
        self._closed = True
        while self._resting:
            self._part_from(next(iter(self._resting)))
        for connection in list(self._lent):
            connection.abort()

    def _wake(self, address: str) -> tuple[Connection, frozenset[str]] | None:
        """The connection that rests for this mailbox. Where there is none, the longest rested makes room."""
        if address in self._resting:
            connection, capabilities, timer = self._resting.pop(address)
            timer.cancel()
            if connection.usable:
                return connection, capabilities
            connection.abort()
        while self._resting and len(self._resting) + len(self._lent) >= self._settings.connections:
            self._part_from(next(iter(self._resting)))
        return None

    def _take_back(self, address: str, connection: Connection, capabilities: frozenset[str]) -> None:
        if connection not in self._lent:
            return
        self._lent.discard(connection)
        self._slots.release()
        if self._closed or not connection.usable or address in self._resting:
            connection.leave()
            return
        timer = asyncio.get_running_loop().call_later(LONGEST_REST, self._part_from, address)
        self._resting[address] = (connection, capabilities, timer)

    def _part_from(self, address: str) -> None:
        connection, _, timer = self._resting.pop(address)
        timer.cancel()
        connection.leave()
