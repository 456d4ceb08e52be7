"""The jmap connector: opens mailboxes on one server, a bounded number of them at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from takeback.mailboxes.jmap.answers import Folder, Folders, NotJmap, understood
from takeback.mailboxes.jmap.calls import Jmap, JmapServer, StateMismatch
from takeback.mailboxes.jmap.folders import Tree
from takeback.mailboxes.jmap.mailbox import JmapMailbox
from takeback.mailboxes.settings import MailboxSettings
from takeback.ports.mailbox import Check, Examined, Mailbox, MailboxRefused, MailboxUnavailable

_RIGHTS = {
    "mayReadItems": "read",
    "mayRemoveItems": "remove",
    "mayAddItems": "put messages back",
    "maySetKeywords": "set keywords",
}
"""What recall does in a folder, by the right that it takes (RFC 8621 §2)."""


class JmapConnector:
    """As `takeback.ports.mailbox.Connector` promises."""

    kind = "jmap"

    def __init__(self, settings: MailboxSettings) -> None:
        """Raises ConfigError where `ca_file` cannot be used."""
        self._settings = settings
        self._jmap = JmapServer(settings)
        self.server = self._jmap.name
        self._slots = asyncio.Semaphore(settings.connections)

    def covers(self, address: str) -> bool:
        return self._settings.covers(address)

    async def open(self, address: str) -> Mailbox:
        await self._slots.acquire()
        try:
            jmap = await self._jmap.log_in(address)
        except BaseException:
            self._slots.release()
            raise
        return JmapMailbox(jmap, self._settings.skip_folders, self._slots.release)

    async def examine(self, address: str) -> Sequence[Examined]:
        async with self._slots:
            try:
                jmap = await self._jmap.log_in(address)
            except MailboxRefused as error:
                return [_failed(f"{error}", "Check username, password, login, url and ca_file of this [[mailboxes]].")]
            except MailboxUnavailable as error:
                return [_failed(f"{error}", "Check url, and that the server runs.")]
            found = Examined(Check.OK, f"{self.server} takes the login for {address}")
            try:
                return [found, *await _examine_folders(jmap)]
            except (MailboxRefused, MailboxUnavailable, NotJmap, StateMismatch) as error:
                return [found, _failed(f"{error}", "Check that it is a JMAP server for mail, and its log.")]

    async def close(self) -> None:
        await self._jmap.web.close()


async def _examine_folders(jmap: Jmap) -> list[Examined]:
    properties = ["id", "name", "parentId", "role", "myRights"]
    (answer,) = await jmap.call(("Mailbox/get", {"ids": None, "properties": properties}))
    tree = Tree(understood(Folders, answer).list)
    if tree.inbox is None:
        return [_failed("the login shows no inbox", "There is no such mailbox, or this login has no rights in it.")]
    return [Examined(Check.OK, f"it shows {len(tree)} folders"), _examine_rights(tree.inbox)]


def _examine_rights(inbox: Folder) -> Examined:
    missing = [meaning for right, meaning in _RIGHTS.items() if not inbox.rights.get(right, False)]
    if missing:
        return _failed(f"in the inbox it may not {', '.join(missing)}", "Give this login these rights.")
    return Examined(Check.OK, "it has the rights to read, remove and put back in the inbox")


def _failed(what: str, advice: str) -> Examined:
    return Examined(Check.FAILED, what, advice)
