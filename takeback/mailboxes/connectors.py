"""Which connector serves which address."""

from __future__ import annotations

from collections.abc import Sequence

from takeback.mailboxes.doveadm.connector import DoveadmConnector
from takeback.mailboxes.imap.connector import ImapConnector
from takeback.mailboxes.jmap.connector import JmapConnector
from takeback.mailboxes.maildir.connector import MaildirConnector
from takeback.mailboxes.settings import MailboxSettings
from takeback.ports.mailbox import Connector


def make_connector(settings: MailboxSettings) -> Connector:
    """The connector of one `[[mailboxes]]` section. Raises ConfigError."""
    match settings.kind:
        case "doveadm":
            return DoveadmConnector(settings)
        case "jmap":
            return JmapConnector(settings)
        case "maildir":
            return MaildirConnector(settings)
    return ImapConnector(settings)


class Connectors:
    """The connectors of all sections, in their order."""

    def __init__(self, sections: Sequence[MailboxSettings]) -> None:
        """Raises ConfigError."""
        self.all: Sequence[Connector] = tuple(map(make_connector, sections))

    def covering(self, address: str) -> Connector | None:
        """The first one that covers the address; None where the address is out of reach."""
        return next((connector for connector in self.all if connector.covers(address)), None)

    async def close(self) -> None:
        """Afterwards no connection is open."""
        for connector in self.all:
            await connector.close()
