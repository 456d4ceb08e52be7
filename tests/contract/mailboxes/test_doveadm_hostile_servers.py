"""What a server that passes for doveadm can do to us: each has a clear outcome, and nothing is removed that should not
be."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from takeback.mailboxes.doveadm.connector import DoveadmConnector
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
from tests.doubles.doveadm import MESSAGE_ID, RAW, ROW, DoveadmDouble
from tests.doubles.web import BROKEN_OFF, ENDLESS, HANG, document, response

ADDRESS = "ann@example.com"


@asynccontextmanager
async def connector(double: DoveadmDouble, **changes: str) -> AsyncIterator[DoveadmConnector]:
    section = {"for": [ADDRESS], "kind": "doveadm", "url": f"http://127.0.0.1:{double.port}", "password": "secret"}
    made = DoveadmConnector(MailboxSettings.model_validate(section | changes))
    try:
        yield made
    finally:
        await made.close()


async def attempted(double: DoveadmDouble, **changes: str) -> Removed:
    """The whole of a removal: find, read, remove."""
    async with connector(double, **changes) as opened:
        mailbox = await opened.open(ADDRESS)
        (copy,) = await mailbox.find(Reference(MESSAGE_ID))
        assert await bytes_of(mailbox, copy) == RAW
        return await mailbox.remove(copy, only_if_unread=True)


async def test_a_server_that_behaves() -> None:
    async with DoveadmDouble() as double:
        assert (await attempted(double)).removal is Removal.REMOVED
        assert double.heard[-1] == "expunge"


EVILS: dict[str, bytes] = {
    "a body without end": ENDLESS,
    "no JSON": response(b"<html>"),
    "JSON nested without end": response(b"[" * 100_000),
    "an object": document({}),
    "another tag": document([["doveadmResponse", [], "other"]]),
    "two answers": document([["doveadmResponse", [], "t"]] * 2),
    "rows that are none": document([["doveadmResponse", [1, None], "t"]]),
    "numbers for words": document([["doveadmResponse", [dict.fromkeys(ROW, 7)], "t"]]),
    "not HTTP": b"* OK IMAP4rev1\r\n\r\n",
    "broken off": BROKEN_OFF,
    "unavailable": response(b"", "503 Service Unavailable"),
}
MOMENTS = ["fetch", "mailboxCreate", "move", "expunge"]


@pytest.mark.parametrize("evil", EVILS)
@pytest.mark.parametrize("moment", MOMENTS)
async def test_at_any_moment(moment: str, evil: str) -> None:
    async with DoveadmDouble({moment: EVILS[evil]}) as double:
        with pytest.raises(MailboxUnavailable):
            await attempted(double, command_timeout="10s")
        assert ("expunge" in double.heard) == (moment == "expunge")


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_server_that_says_nothing(moment: str) -> None:
    async with DoveadmDouble({moment: HANG}) as double:
        with pytest.raises(MailboxUnavailable):
            await attempted(double, command_timeout="1s")


REFUSING, PASSING = (67, 77), (1, 75)


@pytest.mark.parametrize("status", [*REFUSING, *PASSING])
@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_status_at_any_moment(moment: str, status: int) -> None:
    async with DoveadmDouble({moment: status}) as double:
        with pytest.raises(MailboxRefused if status in REFUSING else Declined):
            await attempted(double)


@pytest.mark.parametrize("status", [65, 68])
@pytest.mark.parametrize("moment", ["fetch", "move", "expunge"])
async def test_a_status_that_means_something_elsewhere(moment: str, status: int) -> None:
    async with DoveadmDouble({moment: status}) as double:
        with pytest.raises(MailboxUnavailable):
            await attempted(double)


LYING: list[dict[str, Any]] = [
    {"uid": "-1"},
    {"uid": "²"},
    {"uid": "5:*"},
    {"uid": ""},
    {"mailbox-guid": "* or all"},
    {"size.virtual": "9" * 5000},
    {"size.virtual": "none"},
    {"size.virtual": "3"},
    {"date.received.unixtime": "9" * 400},
    {"date.received.unixtime": "yesterday"},
]


@pytest.mark.parametrize("lie", LYING, ids=range(len(LYING)))
async def test_rows_that_cannot_be(lie: dict[str, str]) -> None:
    async with DoveadmDouble({"fetch": [{**ROW, **lie}]}) as double:
        with pytest.raises((MailboxUnavailable, MailboxRefused)):
            await attempted(double)
        assert not {"move", "expunge"} & set(double.heard)


@pytest.mark.parametrize("field", ["mailbox", "mailbox-guid", "uid", "flags", "size.virtual", "hdr", "text"])
async def test_rows_that_lack_something(field: str) -> None:
    async with DoveadmDouble({"fetch": [{name: value for name, value in ROW.items() if name != field}]}) as double:
        with pytest.raises(MailboxUnavailable):
            await attempted(double)


async def test_what_is_not_the_message_is_not_found() -> None:
    for header in ("", "Message-ID: <another-one@example.com>\n\n", "x" * 2_000_000):
        async with DoveadmDouble({"fetch": [{**ROW, "hdr": header}]}) as double, connector(double) as opened:
            mailbox = await opened.open(ADDRESS)
            assert await mailbox.find(Reference(MESSAGE_ID)) == []


@pytest.mark.parametrize(
    ("moment", "answer", "error"),
    [
        ("save", 73, QuotaExceeded),
        ("save", 75, Declined),
        ("move", 73, QuotaExceeded),
        ("mailboxStatus", [{"uidnext": "soon"}], MailboxUnavailable),
        ("fetch", [], MailboxUnavailable),
        ("save", BROKEN_OFF, MailboxUnavailable),
    ],
)
async def test_putting_that_fails(moment: str, answer: Any, error: type[Exception]) -> None:
    async with DoveadmDouble({moment: answer}) as double:
        with pytest.raises(error):
            async with connector(double) as opened:
                await (await opened.open(ADDRESS)).put_back(kept(RAW))
        assert double.heard[-1] in ("mailboxDelete", "fetch")


@pytest.mark.parametrize(
    "answer", [response(b"", "401 Unauthorized"), response(b"", "404 Not Found"), 68, response(b"what?")]
)
async def test_the_doctor_says_so(answer: Any) -> None:
    async with DoveadmDouble({"mailboxStatus": answer}) as double, connector(double) as opened:
        (failed,) = await opened.examine(ADDRESS)
        assert failed.check is Check.FAILED and failed.advice and "secret" not in failed.what
