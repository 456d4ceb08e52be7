"""The doveadm connector: opens mailboxes of one Dovecot, a bounded number of them at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from takeback.mailboxes.doveadm.api import CommandFailed, Doveadm
from takeback.mailboxes.doveadm.mailbox import DoveadmMailbox
from takeback.mailboxes.names import user_name
from takeback.mailboxes.settings import MailboxSettings
from takeback.ports.mailbox import Check, Examined, Mailbox, MailboxRefused, MailboxUnavailable


class DoveadmConnector:
    """As `takeback.ports.mailbox.Connector` promises."""

    kind = "doveadm"

    def __init__(self, settings: MailboxSettings) -> None:
        """Raises ConfigError where `ca_file` cannot be used."""
        self._settings = settings
        self._doveadm = Doveadm(settings)
        self.server = self._doveadm.server.name
        self._slots = asyncio.Semaphore(settings.connections)

    def covers(self, address: str) -> bool:
        return self._settings.covers(address)

    async def open(self, address: str) -> Mailbox:
        user = self._user(address)
        await self._slots.acquire()
        return DoveadmMailbox(self._doveadm, user, self._settings.skip_folders, self._slots.release)

    async def examine(self, address: str) -> Sequence[Examined]:
        try:
            rows = await self._doveadm.run("mailboxStatus", user=self._user(address), field=["guid"], mailboxMask=["*"])
        except MailboxRefused as error:
            return [Examined(Check.FAILED, f"{error}", "Check username, password, login and doveadm_allowed_commands.")]
        except (MailboxUnavailable, CommandFailed) as error:
            return [Examined(Check.FAILED, f"{error}", "Check url, and that service doveadm has an http listener.")]
        return [
            Examined(Check.OK, f"{self.server} takes commands for {address}"),
            Examined(Check.OK, f"it shows {len(rows)} folders"),
        ]

    async def close(self) -> None:
        await self._doveadm.close()

    def _user(self, address: str) -> str:
        return user_name(self._settings.login_template, address, self._settings.username)
