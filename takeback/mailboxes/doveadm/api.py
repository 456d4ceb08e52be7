"""Dovecot's doveadm over HTTP: one command a request, for several at once may run out of order or end the server."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from takeback.mailboxes.settings import MailboxSettings
from takeback.mailboxes.web import WebServer
from takeback.ports.mailbox import Declined, MailboxRefused, MailboxUnavailable, QuotaExceeded

NOT_FOUND = 68
EXISTS = 65


class CommandFailed(Declined):
    """The command ended with a status (sysexits.h) that its caller may know what to do about."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


class Doveadm:
    """Runs commands."""

    def __init__(self, settings: MailboxSettings) -> None:
        """Raises ConfigError where `ca_file` cannot be used."""
        self.server = WebServer(settings)
        self._username = settings.username

    async def run(self, command: str, **parameters: Any) -> Sequence[dict[str, str]]:
        """The rows of its answer. Raises CommandFailed and other kinds of MailboxUnavailable, and MailboxRefused."""
        request = self.server.request(
            "POST", "/doveadm/v1", json=[[command, parameters, "t"]], headers=await self._login()
        )
        async with self.server.asked(request) as response:
            body = await self.server.body(response)
        match _document(body):
            case [["doveadmResponse", list(rows), "t"]] if all(map(_is_row, rows)):
                return rows
            case [["error", {"type": "exitCode", "exitCode": int(status)}, "t"]]:
                raise self._failure(command, status)
            case [["error", {"type": str(kind)}, "t"]]:
                raise MailboxRefused(f"{self.server.name} refused {command}: {kind[:100]}")
        raise MailboxUnavailable(f"{self.server.name} gave no answer of doveadm to {command}")

    async def close(self) -> None:
        await self.server.close()

    async def _login(self) -> dict[str, str]:
        password = await self.server.password()
        if self._username:
            encoded = base64.b64encode(f"{self._username}:{password}".encode()).decode()
            return {"Authorization": f"Basic {encoded}"}
        return {"Authorization": f"X-Dovecot-API {base64.b64encode(password.encode()).decode()}"}

    def _failure(self, command: str, status: int) -> Exception:
        text = f"{self.server.name} ended {command} with status {status}"
        match status:
            case 65 | 68:
                return CommandFailed(text, status)
            case 67:
                return MailboxRefused(f"{text}: no such mailbox")
            case 73:
                return QuotaExceeded(f"{text}: over quota")
            case 64 | 77 | 78:
                return MailboxRefused(text)
        return Declined(text)


def _is_row(row: object) -> bool:
    return isinstance(row, dict) and all(isinstance(value, str) for value in row.values())


def _document(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
