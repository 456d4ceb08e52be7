"""A JMAP server with one message in it, whose misbehaviour is data: answers to methods, replaced by others."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from tests.doubles.web import WebDouble, document, response

MESSAGE_ID: Final = "<one@example.com>"
RAW: Final = f"From: a@example.com\r\nMessage-ID: {MESSAGE_ID}\r\n\r\nhello".encode()
_EMAIL: Final = {"id": "M1", "blobId": "B1", "mailboxIds": {"F1": True}, "keywords": {}, "size": len(RAW)}
_CORE: Final = "urn:ietf:params:jmap:core"
_MAIL: Final = "urn:ietf:params:jmap:mail"
SESSION: Final[Mapping[str, Any]] = {
    "apiUrl": "/api",
    "downloadUrl": "/download/{accountId}/{blobId}/{name}?type={type}",
    "uploadUrl": "/upload/{accountId}",
    "capabilities": {_CORE: {"maxSizeUpload": 1000}},
    "accounts": {"A": {"isReadOnly": False}},
    "primaryAccounts": {_MAIL: "A"},
}


class JmapDouble(WebDouble):
    """Answers are whole HTTP responses (bytes), or what a method's arguments are to be (anything else)."""

    def __init__(self, answers: Mapping[str, object] | None = None) -> None:
        self._answers = dict(answers or {})
        super().__init__()
        self._removed = False

    def _answer(self, path: str, body: bytes) -> bytes:
        if path == "/api":
            return self._of_methods(json.loads(body)["methodCalls"])
        name = path.split("/")[1].split("?")[0]
        self.heard.append(name)
        if name in self._answers:
            answer = self._answers[name]
            return answer if isinstance(answer, bytes) else document(answer)
        match name:
            case ".well-known":
                return document(SESSION)
            case "download":
                return response(RAW)
            case "upload":
                return document({"blobId": "B2", "size": len(RAW)})
        return response(b"", "404 Not Found")

    def _of_methods(self, calls: list[Any]) -> bytes:
        answers = []
        for name, arguments, tag in calls:
            self.heard.append(name)
            answer = self._answers[name] if name in self._answers else self._usual(name, arguments)
            if isinstance(answer, bytes):
                return answer
            failed = isinstance(answer, dict) and "type" in answer
            answers.append(["error" if failed else name, answer, tag])
        return document({"methodResponses": answers})

    def _usual(self, name: str, arguments: dict[str, Any]) -> object:
        match name:
            case "Mailbox/get":
                return {"list": [{"id": "F1", "name": "Inbox", "parentId": None, "role": "inbox"}]}
            case "Email/get":
                return {"state": "7", "list": [] if self._removed else [_EMAIL]}
            case "Email/query":
                found = [] if "operator" in arguments["filter"] else ["M1"]
                return {"ids": found, "total": len(found)}
            case "Email/set":
                self._removed = "destroy" in arguments
                return {"newState": "8", "destroyed": ["M1"] if self._removed else [], "updated": {"M1": None}}
        return {"created": {"new": {"id": "M2"}}}
