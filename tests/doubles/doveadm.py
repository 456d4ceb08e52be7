"""A doveadm over HTTP with one message behind it: answers to commands, replaced by others."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from tests.doubles.web import WebDouble, document

MESSAGE_ID: Final = "<one@example.com>"
TEXT: Final = f"From: a@example.com\nMessage-ID: {MESSAGE_ID}\n\nhello"
RAW: Final = TEXT.replace("\n", "\r\n").encode()
ROW: Final[Mapping[str, str]] = {
    "mailbox": "INBOX",
    "mailbox-guid": "f1",
    "uid": "5",
    "guid": "g",
    "flags": "",
    "modseq": "8",
    "date.received.unixtime": "1795650000",
    "size.virtual": str(len(RAW)),
    "hdr": TEXT.partition("\n\n")[0] + "\n\n",
    "text": TEXT,
    "uidnext": "6",
}
"""What it says of everything that it is asked about."""


class DoveadmDouble(WebDouble):
    """Answers are whole HTTP responses (bytes), statuses with which the command ends, or rows."""

    def __init__(self, answers: Mapping[str, bytes | int | list[Any]] | None = None) -> None:
        super().__init__()
        self._answers = dict(answers or {})
        self._is_aside = False

    def _answer(self, path: str, body: bytes) -> bytes:
        [[command, parameters, tag]] = json.loads(body)
        self.heard.append(command)
        answer = self._answers[command] if command in self._answers else self._usual(command, parameters)
        match answer:
            case bytes():
                return answer
            case int():
                return document([["error", {"type": "exitCode", "exitCode": answer}, tag]])
        return document([["doveadmResponse", answer, tag]])

    def _usual(self, command: str, parameters: Mapping[str, Any]) -> list[Any]:
        """The message stands where it is asked for: in its folder, or in the one that it was moved to."""
        if command == "move":
            self._is_aside = True
        if command not in ("fetch", "mailboxStatus"):
            return []
        query = parameters.get("query", [])
        asks_aside = any(str(word).startswith("takeback-recalled-") for word in query)
        if command == "fetch" and asks_aside != self._is_aside and query[0] != "mailbox-guid":
            return [] if asks_aside else [{field: ROW[field] for field in parameters["field"]}]
        return [{field: ROW[field] for field in parameters["field"]}]
