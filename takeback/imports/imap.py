"""Sent mail on an IMAP server, looked at without changing anything: EXAMINE and BODY.PEEK."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError
from imapclient.imapclient import SENT

from takeback.imap_url import Encryption, ImapServer
from takeback.imports.source import SourceUnavailable

_AT_ONCE = 100
_LOOKED_AT = 64 << 10
_PART = f"BODY.PEEK[]<0.{_LOOKED_AT}>"
_TIMEOUT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class ImapFolder:
    """A folder of one user; without a name, the one that the server calls Sent (RFC 6154)."""

    server: ImapServer
    username: str
    password: str = field(repr=False)
    folder: str
    limit: int
    ca_file: Path | None = None

    def messages(self) -> Iterator[bytes]:
        """The newest `limit`, oldest first, each as far as 64 KiB."""
        try:
            client = self._connect()
        except (OSError, IMAPClientError) as error:
            raise SourceUnavailable(f"{self.server.host}: {_told(error)}") from None
        try:
            client.select_folder(self.folder or self._sent(client), readonly=True)
            uids = sorted(client.search("ALL"))[-self.limit :]
            for start in range(0, len(uids), _AT_ONCE):
                part = uids[start : start + _AT_ONCE]
                found = client.fetch(part, [_PART])
                yield from (data for uid in part if (data := found.get(uid, {}).get(b"BODY[]<0>")))
        except (OSError, IMAPClientError) as error:
            raise SourceUnavailable(f"{self.server.host}: {_told(error)}") from None
        finally:
            client.shutdown()

    def _connect(self) -> IMAPClient:
        context = ssl.create_default_context(cafile=self.ca_file)
        implicit = self.server.encryption is Encryption.IMPLICIT
        client = IMAPClient(
            self.server.host, self.server.port, ssl=implicit, ssl_context=context, timeout=_TIMEOUT_SECONDS
        )
        try:
            if self.server.encryption is Encryption.STARTTLS:
                client.starttls(context)
            client.login(self.username, self.password)
        except BaseException:
            client.shutdown()
            raise
        return client

    def _sent(self, client: IMAPClient) -> str:
        folder = client.find_special_folder(SENT)
        if folder is None:
            raise SourceUnavailable(f"{self.server.host} has no folder that it calls Sent; name one with --folder")
        return str(folder)


def _told(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
