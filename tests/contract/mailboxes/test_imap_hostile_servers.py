"""What an IMAP server can do to us: each has a clear outcome, and nothing is removed that should not be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from takeback.mailboxes.imap.connector import ImapConnector
from takeback.mailboxes.settings import MailboxSettings
from takeback.ports.mailbox import (
    Copy,
    Declined,
    Mailbox,
    MailboxRefused,
    MailboxUnavailable,
    QuotaExceeded,
    Reference,
    Removal,
    Removed,
)
from tests.contract.mailboxes.stages import bytes_of, kept
from tests.doubles.imap_mailbox import CAPABILITIES, CLOSE, ENDLESS, HANG, HEADER, MESSAGE_ID, SELECTED, ImapDouble

ADDRESS = "ann@example.com"
CHANGED = {"STORE": b"TAG OK [MODIFIED 5] changed\r\n"}
LOOKED_READ = {
    "HEADERS": b"* 1 FETCH (UID 5 FLAGS (\\Seen) MODSEQ (8) BODY[HEADER]<0> {%d}\r\n%b)\r\nTAG OK\r\n"
    % (len(HEADER), HEADER)
}
NO_MARKS = SELECTED.replace(b" \\*", b"")


async def opened(double: ImapDouble, **changes: str) -> tuple[ImapConnector, Mailbox]:
    section = {
        "for": ["*@example.com"],
        "kind": "imap",
        "url": f"imap://127.0.0.1:{double.port}",
        "username": "master",
        "password": "secret",
        "command_timeout": "10s",
    }
    connector = ImapConnector(MailboxSettings.model_validate(section | changes))
    try:
        return connector, await connector.open(ADDRESS)
    except BaseException:
        await connector.close()
        raise


async def attempted(double: ImapDouble, **changes: str) -> Removed:
    """The whole of a removal: find, read, remove."""
    connector, mailbox = await opened(double, **changes)
    try:
        (copy,) = await mailbox.find(Reference(MESSAGE_ID))
        assert await bytes_of(mailbox, copy) == b"hello"
        return await mailbox.remove(copy, only_if_unread=True)
    finally:
        await mailbox.close()
        await connector.close()


async def test_inbox_is_opened_once_where_a_removal_follows_and_for_reading_else() -> None:
    async with ImapDouble() as double:
        connector, mailbox = await opened(double)
        await mailbox.find(Reference(MESSAGE_ID))
        assert not any(each.startswith(b"SELECT") for each in double.heard)
        (copy,) = await mailbox.find(Reference(MESSAGE_ID, to_remove=True))
        assert (await mailbox.remove(copy, only_if_unread=True)).removal is Removal.REMOVED
        assert [each for each in double.heard if each.startswith(b"SELECT")] == [b'SELECT "INBOX" (CONDSTORE)']
        await mailbox.close()
        await connector.close()


@pytest.mark.parametrize(("size", "read_again"), [(len(HEADER) + 5, False), (100, True)])
async def test_a_small_copy_is_read_while_it_is_looked_at_if_all_of_it_comes(size: int, read_again: bool) -> None:
    look = b"* 1 FETCH (UID 5 FLAGS () MODSEQ (8) RFC822.SIZE %d BODY[HEADER]<0> {%d}\r\n%b BODY[TEXT]<0> {5}\r\nhello)"
    async with ImapDouble({"HEADERS": look % (size, len(HEADER), HEADER) + b"\r\nTAG OK\r\n"}) as double:
        connector, mailbox = await opened(double)
        (copy,) = await mailbox.find(Reference(MESSAGE_ID, to_remove=True))
        assert await bytes_of(mailbox, copy) == (b"hello" if read_again else HEADER + b"hello")
        assert any(b"BODY.PEEK[]" in heard for heard in double.heard) is read_again
        await connector.close()


async def test_a_server_that_behaves() -> None:
    async with ImapDouble() as double:
        assert (await attempted(double)).removal is Removal.REMOVED
        assert b"UID STORE 5 (UNCHANGEDSINCE 8) FLAGS.SILENT ($Recalled \\Deleted)" in double.heard
        assert b"UID EXPUNGE 5" in double.heard


SLOW = "sends responses without end"
COMMANDS = ["greeting", "AUTHENTICATE", "LIST", "NAMESPACE", "EXAMINE", "SEARCH", "HEADERS", "BODY", "SELECT", "FLAGS"]
COMMANDS += ["STORE", "EXPUNGE"]
EVILS = {
    "says goodbye": b"* BYE tired\r\n" + CLOSE,
    "hangs up": CLOSE,
    "says half a line and hangs up": b"* 1 FETCH (UID 5 BODY[HEADER]<0> {500}\r\nFrom" + CLOSE,
    "speaks another protocol": b"HTTP/1.1 400 Bad Request\r\n",
    "answers for a command that was not given": b"r999 OK done\r\n",
    "sends a line without end": b"* OK " + ENDLESS + b"x" * 65536,
    "sends a literal without end": b"* LIST () {9999999999}\r\n" + ENDLESS + b"x" * 65536,
    SLOW: ENDLESS + b"* 1 FETCH (UID 5 FLAGS (\\Seen) MODSEQ (8))\r\n" * 1000,
    "asks for what there is not": b"+ more please\r\n",
}


CASES = [(command, evil) for command in COMMANDS for evil in EVILS if evil != SLOW or command in ("SEARCH", "STORE")]


@pytest.mark.parametrize(("command", "evil"), CASES)
async def test_at_any_moment(command: str, evil: str) -> None:
    async with ImapDouble({command: EVILS[evil]}) as double:
        with pytest.raises(MailboxUnavailable):
            await attempted(double)
        marked = any(b"UID STORE" in heard for heard in double.heard)
        assert marked == (command in ("STORE", "FLAGS", "EXPUNGE"))


async def test_a_server_that_says_nothing() -> None:
    async with ImapDouble({"SEARCH": HANG}) as double:
        with pytest.raises(MailboxUnavailable, match="no answer within 1s"):
            await attempted(double, command_timeout="1s")


@pytest.mark.parametrize(
    "changes",
    [
        {
            "HEADERS": b"* 1 FETCH (UID 6 FLAGS () MODSEQ (8) BODY[HEADER]<0> {%d}\r\n%b)\r\nTAG OK\r\n"
            % (len(HEADER), HEADER)
        },
        {"HEADERS": b"* 1 FETCH (UID 5 FLAGS () MODSEQ (8) BODY[HEADER]<0> {2}\r\n\r\n)\r\nTAG OK\r\n"},
        {"HEADERS": b"* 1 FETCH (UID 5 FLAGS () MODSEQ (8) BODY[HEADER]<0> NIL)\r\nTAG OK\r\n"},
        {"SEARCH": b"* SEARCH\r\nTAG OK\r\n"},
        {"SEARCH": b'* ESEARCH (TAG "x") UID\r\nTAG OK\r\n'},
    ],
    ids=["another uid", "no header", "nil", "nothing found", "nothing found, extended"],
)
async def test_what_is_not_the_message_is_not_found(changes: Mapping[str, bytes]) -> None:
    async with ImapDouble(changes) as double:
        connector, mailbox = await opened(double)
        assert await mailbox.find(Reference(MESSAGE_ID)) == []
        await connector.close()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"SEARCH": b"* SEARCH 1 x\r\nTAG OK\r\n"}, MailboxUnavailable),
        ({"SEARCH": b'* ESEARCH (TAG "x") UID ALL 1:4294967295\r\nTAG OK\r\n'}, MailboxUnavailable),
        ({"SEARCH": b"TAG NO [SERVERBUG] oops\r\n"}, MailboxUnavailable),
        ({"EXAMINE": b"TAG OK no validity\r\n"}, MailboxUnavailable),
        ({"EXAMINE": b"TAG NO [NOPERM] not yours\r\n"}, MailboxRefused),
        ({"LIST": b"TAG OK\r\n"}, MailboxRefused),
        ({"AUTHENTICATE": b"TAG OK [CAPABILITY IMAP4rev1 CONDSTORE] in\r\n"}, MailboxRefused),
        ({"AUTHENTICATE": b"TAG NO [AUTHENTICATIONFAILED] no, secret is wrong\r\n"}, MailboxRefused),
        ({"AUTHENTICATE": b"TAG NO [UNAVAILABLE] later\r\n"}, MailboxUnavailable),
        ({"SELECT": SELECTED.replace(b"READ-WRITE", b"READ-ONLY")}, MailboxRefused),
        ({"SELECT": SELECTED.replace(b"\\Deleted ", b"")}, MailboxRefused),
        ({"SELECT": SELECTED.replace(b"HIGHESTMODSEQ 9", b"NOMODSEQ")}, MailboxRefused),
        ({"STORE": b"TAG OK [MODIFIED 5] changed\r\n"}, MailboxUnavailable),
        ({"STORE": b"TAG NO oops\r\n"}, MailboxUnavailable),
        ({"STORE": b"TAG OK nothing was stored\r\n"}, MailboxUnavailable),
        ({"FLAGS": b"* 1 FETCH (UID 5 FLAGS ())\r\nTAG OK\r\n"} | CHANGED, MailboxUnavailable),
        ({"FLAGS": b"* 1 FETCH (UID 5 FLAGS () MODSEQ (8)\r\nTAG OK\r\n"}, MailboxUnavailable),
        ({"AFTER": b"* 1 FETCH (UID 5 FLAGS (\\Deleted) MODSEQ (11))\r\nTAG OK\r\n"}, MailboxUnavailable),
        ({"EXPUNGE": b"TAG NO [NOPERM] not yours\r\n"}, MailboxRefused),
        ({"BODY": b"* 1 FETCH (UID 5 FLAGS ())\r\nTAG OK\r\n"}, MailboxUnavailable),
        ({"BODY": b"* 1 FETCH (UID 5 BODY[] {1}\r\na BODY[] {1}\r\nb)\r\nTAG OK\r\n"}, MailboxUnavailable),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else value.__name__,
)
async def test_what_stands_in_the_way(changes: Mapping[str, bytes], error: type[Exception]) -> None:
    async with ImapDouble(changes) as double:
        with pytest.raises(error) as caught:
            await attempted(double)
        assert "secret" not in str(caught.value)
    if changes.get("EXPUNGE"):
        assert b"UID STORE 5 -FLAGS.SILENT ($Recalled \\Deleted)" in double.heard


async def test_read_meanwhile_and_so_left_alone() -> None:
    seen = {"FLAGS": b"* 1 FETCH (UID 5 FLAGS (\\seen) MODSEQ (9))\r\nTAG OK\r\n"}
    async with ImapDouble(seen | CHANGED) as double:
        assert (await attempted(double)).removal is Removal.READ
        assert not any(b"EXPUNGE" in heard for heard in double.heard)


async def test_read_already_and_so_left_alone() -> None:
    seen = LOOKED_READ | {"FLAGS": b"* 1 FETCH (UID 5 FLAGS (\\seen) MODSEQ (8))\r\nTAG OK\r\n"}
    async with ImapDouble(seen) as double:
        assert (await attempted(double)).removal is Removal.READ
        assert not any(b"UID STORE" in heard for heard in double.heard)


async def test_gone_meanwhile() -> None:
    async with ImapDouble({"FLAGS": b"TAG OK\r\n"} | CHANGED) as double:
        assert (await attempted(double)).removal is Removal.GONE


async def test_numbered_anew_meanwhile() -> None:
    async with ImapDouble({"SELECT": SELECTED.replace(b"UIDVALIDITY 7", b"UIDVALIDITY 8")}) as double:
        assert (await attempted(double)).removal is Removal.GONE
        assert not any(b"UID STORE" in heard for heard in double.heard)
    async with ImapDouble() as double:
        connector, mailbox = await opened(double)
        (copy,) = await mailbox.find(Reference(MESSAGE_ID))
        old = replace(copy, place=replace(copy.place, validity="6"))
        assert (await mailbox.remove(old, only_if_unread=True)).removal is Removal.GONE
        assert not any(b"UID STORE" in heard for heard in double.heard)
        await connector.close()


async def test_a_server_where_no_keyword_can_be_made() -> None:
    async with ImapDouble({"SELECT": NO_MARKS}) as double:
        assert (await attempted(double)).removal is Removal.REMOVED
        assert b"UID STORE 5 (UNCHANGEDSINCE 8) FLAGS.SILENT (\\Deleted)" in double.heard


async def test_seen_after_the_conditional_step_is_noted() -> None:
    late = b"* 1 FETCH (UID 5 FLAGS (\\Seen \\Deleted $Recalled) MODSEQ (11))\r\n* 1 EXPUNGE\r\nTAG OK\r\n"
    async with ImapDouble({"EXPUNGE": late}) as double:
        removed = await attempted(double)
        assert (removed.removal, removed.flags, removed.seen_later) == (Removal.REMOVED, frozenset(), True)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"NO [OVERQUOTA] full", QuotaExceeded),
        (b"NO [TOOBIG] larger than anything", MailboxRefused),
        (b"NO [INUSE] later", Declined),
        (b"BAD what?", Declined),
    ],
)
async def test_a_replacement_that_is_refused_takes_the_mark_off(answer: bytes, error: type[Exception]) -> None:
    async with ImapDouble({"APPEND": b"TAG " + answer + b"\r\n"}) as double:
        connector, mailbox = await opened(double)
        copies: list[Copy] = list(await mailbox.find(Reference(MESSAGE_ID)))
        with pytest.raises(error):
            await mailbox.put_in_place(copies[0], kept(b"new"), only_if_unread=True)
        assert double.heard[-1] == b"UID STORE 5 -FLAGS.SILENT ($Recalled \\Deleted)"
        assert not any(b"EXPUNGE" in heard for heard in double.heard)
        await connector.close()


async def test_a_replacement_of_which_nobody_knows_leaves_the_mark() -> None:
    async with ImapDouble({"APPEND": CLOSE}) as double:
        connector, mailbox = await opened(double)
        copies: list[Copy] = list(await mailbox.find(Reference(MESSAGE_ID)))
        with pytest.raises(MailboxUnavailable) as caught:
            await mailbox.put_in_place(copies[0], kept(b"new"), only_if_unread=True)
        assert not isinstance(caught.value, Declined)
        assert double.heard[-1].startswith(b"APPEND")
        await connector.close()


async def test_a_server_without_capabilities_in_its_answers_is_asked() -> None:
    plain = {"greeting": b"* OK hello\r\n", "AUTHENTICATE": b"TAG OK in\r\n", "LOGIN": b"TAG OK in\r\n"}
    async with ImapDouble(plain) as double:
        assert (await attempted(double)).removal is Removal.REMOVED
        assert double.heard[:3] == [b"CAPABILITY", b'LOGIN "ann*master" "secret"', b"CAPABILITY"]


async def test_what_a_server_lacks_is_named() -> None:
    async with ImapDouble({"AUTHENTICATE": b"TAG OK [CAPABILITY IMAP4rev1] in\r\n"}) as double:
        with pytest.raises(MailboxRefused, match="lacks UIDPLUS and CONDSTORE"):
            await opened(double)


async def test_rights_that_are_missing_are_named() -> None:
    acl = {
        "AUTHENTICATE": b"TAG OK [CAPABILITY " + CAPABILITIES + b" ACL] in\r\n",
        "MYRIGHTS": b"* MYRIGHTS INBOX lrswi\r\nTAG OK\r\n",
    }
    async with ImapDouble(acl) as double:
        connector, _ = await opened(double)
        found = await connector.examine(ADDRESS)
        assert "t (mark as deleted), e (expunge)" in found[-1].what
        await connector.close()
