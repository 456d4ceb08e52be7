"""The maildir connector: opens Maildirs of this machine, a bounded number of them at a time."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Sequence
from pathlib import Path

from takeback.mail.maildir import mailbox_path
from takeback.mailboxes.maildir.mailbox import MaildirMailbox
from takeback.mailboxes.names import user_name
from takeback.mailboxes.settings import MailboxSettings
from takeback.ports.mailbox import Check, Examined, Mailbox, MailboxRefused


class MaildirConnector:
    """As `takeback.ports.mailbox.Connector` promises."""

    kind = "maildir"

    def __init__(self, settings: MailboxSettings) -> None:
        self._settings = settings
        self.server = settings.url
        self._slots = asyncio.Semaphore(settings.connections)

    def covers(self, address: str) -> bool:
        return self._settings.covers(address)

    async def open(self, address: str) -> Mailbox:
        path = self._path(address)
        await self._slots.acquire()
        return MaildirMailbox(path, self._settings.skip_folders, socket.gethostname(), self._slots.release)

    async def examine(self, address: str) -> Sequence[Examined]:
        try:
            path = self._path(address)
        except MailboxRefused as error:
            return [Examined(Check.FAILED, f"{error}", "Name another test_mailbox.")]
        return await asyncio.to_thread(_examine, path)

    async def close(self) -> None:
        pass

    def _path(self, address: str) -> Path:
        user_name("{user}", address)  # what other kinds refuse is no name here either
        path = mailbox_path(self._settings.url, address)
        if path is None:
            raise MailboxRefused("no mailbox can have this name")
        return path


def _examine(path: Path) -> list[Examined]:
    missing = [part for part in ("cur", "new", "tmp") if not (path / part).is_dir()]
    if missing:
        return [Examined(Check.FAILED, f"{path} has no {', '.join(missing)}", "Check url; Maildir++ is what is read.")]
    found = [Examined(Check.OK, f"{path} is a Maildir")]
    shut = [part for part in ("cur", "new", "tmp") if not os.access(path / part, os.R_OK | os.W_OK | os.X_OK)]
    if shut:
        advice = "Run this as the owner of the mailboxes, or as a member of their group."
        return [*found, Examined(Check.FAILED, f"{path}: {', '.join(shut)} cannot be written to", advice)]
    return [*found, Examined(Check.OK, "messages can be taken out of it and put back")]
