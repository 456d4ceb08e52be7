"""What a JMAP server can do to us: each has a clear outcome, and nothing is removed that should not be."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from takeback.mailboxes.jmap.connector import JmapConnector
from takeback.mailboxes.settings import MailboxSettings
from takeback.ports.mailbox import (
    Check,
    Declined,
    MailboxRefused,
    MailboxUnavailable,
    QuotaExceeded,
    Reference,
    Removal,
    Removed,
)
from tests.contract.mailboxes.stages import bytes_of, kept
from tests.doubles.jmap_mailbox import MESSAGE_ID, RAW, SESSION, JmapDouble
from tests.doubles.web import BROKEN_OFF, ENDLESS, HANG, document, response

ADDRESS = "ann@example.com"


@asynccontextmanager
async def connector(double: JmapDouble, **changes: str) -> AsyncIterator[JmapConnector]:
    section = {"for": [ADDRESS], "kind": "jmap", "url": f"http://127.0.0.1:{double.port}", "username": "ann"}
    made = JmapConnector(MailboxSettings.model_validate(section | {"password": "secret"} | changes))
    try:
        yield made
    finally:
        await made.close()


async def attempted(double: JmapDouble, **changes: str) -> Removed:
    """The whole of a removal: find, read, remove."""
    async with connector(double, **changes) as opened:
        mailbox = await opened.open(ADDRESS)
        (copy,) = await mailbox.find(Reference(MESSAGE_ID))
        assert await bytes_of(mailbox, copy) == RAW
        return await mailbox.remove(copy, only_if_unread=True)


async def put(double: JmapDouble) -> None:
    async with connector(double) as opened:
        mailbox = await opened.open(ADDRESS)
        await mailbox.put_back(kept(RAW))


async def test_a_server_that_behaves() -> None:
    async with JmapDouble() as double:
        assert (await attempted(double)).removal is Removal.REMOVED
        await put(double)


EVILS: dict[str, bytes] = {
    "a body without end": ENDLESS,
    "no JSON": response(b"<html>"),
    "JSON nested without end": response(b"[" * 100_000),
    "a list": document([]),
    "numbers for words": document({"methodResponses": [[1, 2, 3]], "apiUrl": 5, "ids": 7}),
    "answers to other methods": document({"methodResponses": [["Core/echo", {}, "0"]] * 9}),
    "not HTTP": b"* OK IMAP4rev1\r\n\r\n",
    "broken off": BROKEN_OFF,
    "unavailable": response(b"", "503 Service Unavailable"),
    "too many requests": response(b"", "429 Too Many Requests"),
}
MOMENTS = [".well-known", "Mailbox/get", "Email/query", "Email/get", "Email/set"]


@pytest.mark.parametrize("evil", EVILS)
@pytest.mark.parametrize("moment", MOMENTS)
async def test_at_any_moment(moment: str, evil: str) -> None:
    async with JmapDouble({moment: EVILS[evil]}) as double:
        with pytest.raises(MailboxUnavailable):
            await attempted(double, command_timeout="10s")
        assert ("Email/set" in double.heard) == (moment == "Email/set")


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_server_that_says_nothing(moment: str) -> None:
    async with JmapDouble({moment: HANG}) as double:
        with pytest.raises(MailboxUnavailable):
            await attempted(double, command_timeout="1s")


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden", "404 Not Found", "400 Bad Request"])
@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_refusal_at_any_moment(moment: str, status: str) -> None:
    async with JmapDouble({moment: response(b"", status)}) as double:
        with pytest.raises(MailboxRefused):
            await attempted(double)


TOO_MANY = response(
    b'{"type": "urn:ietf:params:jmap:error:limit", "limit": "maxConcurrentRequests"}', "400 Bad Request"
)


@pytest.mark.parametrize("moment", ["Mailbox/get", "Email/query", "Email/get", "Email/set"])
async def test_a_request_too_many_is_made_again_later(moment: str) -> None:
    async with JmapDouble({moment: TOO_MANY}) as double:
        with pytest.raises(Declined):
            await attempted(double)


@pytest.mark.parametrize("status", ["404 Not Found", "410 Gone"])
async def test_a_message_that_is_gone_before_it_is_looked_at(status: str) -> None:
    """Its mailbox has to be searched again: nothing is wrong with the server."""
    async with JmapDouble({"download": response(b"", status)}) as double:
        with pytest.raises(MailboxUnavailable, match="gone"):
            await attempted(double)


WRONG: list[tuple[str, object]] = [
    ("Email/query", {"ids": ["M1"]}),
    ("Email/query", {"ids": ["M1"] * 5000, "total": 5000}),
    ("Email/query", {"ids": [], "total": 3}),
    ("Email/query", {"ids": [1], "total": 1}),
    ("Email/get", {"state": 7, "list": []}),
    ("Email/get", {"state": "7", "list": [{"id": "M1"}]}),
    ("Email/get", {"state": "7", "list": [{"id": "M1", "blobId": "B", "mailboxIds": [], "keywords": {}, "size": 1}]}),
    ("Mailbox/get", {"list": []}),
    ("Mailbox/get", {"list": [{"id": "F1", "name": "a", "parentId": "F1"}]}),
    ("Mailbox/get", {"list": [{"id": "F1", "name": "a", "parentId": "F9"}]}),
    ("Email/set", {"destroyed": ["M9"]}),
    ("Email/set", {}),
    ("Email/set", {"destroyed": ["M1"]}),  # and it is still there
    ("Email/set", {"type": "stateMismatch"}),
    ("Email/set", {"type": "serverPartialFail"}),
    ("download", response(RAW + b"more than was said")),
]


@pytest.mark.parametrize(("moment", "answer"), WRONG)
async def test_answers_that_cannot_be(moment: str, answer: object) -> None:
    async with JmapDouble({moment: answer}) as double:
        with pytest.raises(MailboxUnavailable):
            await attempted(double)


@pytest.mark.parametrize("kind", ["accountNotFound", "accountReadOnly", "forbidden", "unknownMethod", "\0\x1b[31m"])
async def test_methods_that_are_refused(kind: str) -> None:
    async with JmapDouble({"Email/query": {"type": kind}}) as double:
        with pytest.raises(MailboxRefused):
            await attempted(double)


async def test_what_is_not_the_message_is_not_found() -> None:
    for header in (b"\r\n", RAW.replace(b"<one@", b"<another-one@"), b"x" * 2_000_000):
        async with JmapDouble({"download": response(header)}) as double, connector(double) as opened:
            mailbox = await opened.open(ADDRESS)
            assert await mailbox.find(Reference(MESSAGE_ID)) == []


@pytest.mark.parametrize(
    "answer",
    [
        response(b"", "301 Moved Permanently", "Location: https://elsewhere.example/\r\n"),
        response(b"", "302 Found", "Location: //elsewhere.example/jmap\r\n"),
        response(b"", "302 Found", "Location: http://ann:x@127.0.0.1/\r\n"),
        response(b"", "302 Found", "Location: /.well-known/jmap\r\n"),
        response(b"", "302 Found", "Location: http://[/\r\n"),
        *(dict(SESSION) | {name: "https://elsewhere.example/"} for name in ("apiUrl", "downloadUrl", "uploadUrl")),
        dict(SESSION) | {"primaryAccounts": {}},
        dict(SESSION) | {"accounts": {"A": {"isReadOnly": True}}},
    ],
)
async def test_nobody_else_gets_the_password(answer: Any) -> None:
    async with JmapDouble({".well-known": answer}) as double:
        with pytest.raises((MailboxRefused, MailboxUnavailable)):
            await attempted(double)
        assert set(double.heard) == {".well-known"}
        async with connector(double) as opened:
            assert (await opened.examine(ADDRESS))[-1].check is Check.FAILED


@pytest.mark.parametrize(
    ("moment", "answer", "error"),
    [
        ("Email/import", {"notCreated": {"new": {"type": "overQuota"}}}, QuotaExceeded),
        ("Email/import", {"notCreated": {"new": {"type": "invalidEmail"}}}, MailboxRefused),
        ("Email/import", {"created": {}}, MailboxUnavailable),
        ("upload", {"blobId": "B2", "size": 3}, MailboxUnavailable),
        ("upload", {"size": 3}, MailboxUnavailable),
        ("upload", TOO_MANY, Declined),
        ("upload", ENDLESS, MailboxUnavailable),
    ],
)
async def test_putting_that_fails(moment: str, answer: object, error: type[Exception]) -> None:
    async with JmapDouble({moment: answer}) as double:
        with pytest.raises(error):
            await put(double)


async def replaced(double: JmapDouble) -> None:
    async with connector(double) as opened:
        mailbox = await opened.open(ADDRESS)
        (copy,) = await mailbox.find(Reference(MESSAGE_ID))
        await mailbox.put_in_place(copy, kept(RAW), only_if_unread=True)


@pytest.mark.parametrize(
    ("answer", "error", "mark_is_taken_off"),
    [
        ({"notCreated": {"new": {"type": "overQuota"}}}, QuotaExceeded, True),
        ({"notCreated": {"new": {"type": "rateLimit"}}}, Declined, True),
        ({"type": "serverUnavailable"}, Declined, True),
        (TOO_MANY, Declined, True),
        ({"type": "serverPartialFail"}, MailboxUnavailable, False),
        (response(b"", "503 Service Unavailable"), MailboxUnavailable, False),
        (BROKEN_OFF, MailboxUnavailable, False),
    ],
)
async def test_the_mark_is_taken_off_where_nothing_was_put_in_place(
    answer: object, error: type[Exception], mark_is_taken_off: bool
) -> None:
    async with JmapDouble({"Email/import": answer}) as double:
        with pytest.raises(error):
            await replaced(double)
        assert double.heard[double.heard.index("Email/import") + 1 :] == ["Email/set"] * mark_is_taken_off
