"""The promise of `takeback.ports.mailbox`, kept by every connector at a real server."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest
from imapclient.exceptions import IMAPClientError

from takeback.clock import from_datetime
from takeback.ports.mailbox import Check, MailboxRefused, MailboxUnavailable, QuotaExceeded, Reference, Removal
from tests.contract.mailboxes.stages import (
    DATE,
    DOMAIN,
    MESSAGE_ID,
    REFERENCE,
    Stage,
    bytes_of,
    duplicates,
    kept,
    message,
)

ARABIC = "المشاريع عاجل & سري"
NEW = message("<corrected@example.com>", b"the price is 7.\r\n")
READ_MARKS = ["\\Seen", "\\Answered", "$Forwarded", "$MDNSent"]
IDS = [
    '<with"quote\\and-backslash@example.com>',
    "<بريد@مثال.example>",
    "<" + "long" * 200 + "@example.com>",
    "<percent%25*star@example.com>",
    "<{5}@example.com>",
]


# Finding


async def test_finds_every_copy_as_it_is(stage: Stage) -> None:
    raw, second, third = duplicates(stage, 3)
    stage.deliver(raw)
    stage.deliver(second, ARABIC, ["\\Seen", "\\Flagged"])
    stage.deliver(third, "Archive", ["$Forwarded"])
    found = {copy.place.folder: copy for copy in await stage.find()}
    assert {folder: copy.flags for folder, copy in found.items()} == {
        "INBOX": frozenset(),
        ARABIC: frozenset({"\\Seen", "\\Flagged"}),
        "Archive": frozenset({"$Forwarded"}),
    }
    for copy, stored in zip(map(found.__getitem__, ("INBOX", ARABIC, "Archive")), (raw, second, third), strict=True):
        assert copy.size == len(stored)
        assert copy.delivered_at == from_datetime(DATE)
        assert copy.header == stored.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        assert not copy.removing


async def test_compares_the_message_id_in_full(stage: Stage) -> None:
    for other in ("<an-note-1@example.com>", "<note-1@example.com.org>", "<NOTE-1@example.com>"):
        stage.deliver(message(other))
    stage.deliver(message("<reply@example.com>", top=f"In-Reply-To: {MESSAGE_ID}\r\nX-Message-ID: {MESSAGE_ID}\r\n"))
    stage.deliver(message("<mentions@example.com>", b"Message-ID: " + MESSAGE_ID.encode() + b"\r\n"))
    assert await stage.find() == []
    stage.deliver(message())
    assert (await stage.find_one()).place.folder == "INBOX"


@pytest.mark.parametrize("message_id", IDS, ids=range(len(IDS)))
async def test_finds_any_message_id(stage: Stage, message_id: str) -> None:
    if not message_id.isascii() and not stage.kind.keeps_8_bit:
        pytest.skip("no such Message-ID survives in that server")
    stage.deliver(message(message_id))
    stage.deliver(message())
    (copy,) = await stage.find(message_id)
    assert message_id.encode() in copy.header


async def test_finds_a_message_id_on_a_line_of_its_own(stage: Stage) -> None:
    stage.deliver(message(f"\r\n {MESSAGE_ID}"))
    assert len(await stage.find()) == 1


async def test_finds_duplicates(stage: Stage) -> None:
    for raw in duplicates(stage, 3):
        stage.deliver(raw)
    assert len({copy.place for copy in await stage.find()}) == 3


async def test_leaves_what_the_owner_sent_himself(stage: Stage) -> None:
    for folder in ("Sent", "Drafts"):
        stage.deliver(message(), folder)
    stage.deliver(message(), "Absent")
    assert [copy.place.folder for copy in await stage.find()] == ["Absent"]


async def test_reads_without_marking_read(stage: Stage) -> None:
    raw = message(body=b"".join(b"line %d of many\r\n" % number for number in range(200_000)))
    stage.deliver(raw)
    mailbox = await stage.mailbox()
    (copy,) = await mailbox.find(REFERENCE)
    assert await bytes_of(mailbox, copy) == raw
    (left,) = stage.shown()
    assert left.flags == frozenset()


@pytest.mark.parametrize("lines", [3, 10_000])
async def test_reads_what_is_removed_next_small_or_large(stage: Stage, lines: int) -> None:
    raw = message(body=b"one line of many\r\n" * lines)
    stage.deliver(raw)
    mailbox = await stage.mailbox()
    (copy,) = await mailbox.find(Reference(MESSAGE_ID, to_remove=True))
    assert await bytes_of(mailbox, copy) == raw
    assert stage.shown()[0].flags == frozenset()


# Removing


async def test_takes_an_unread_copy_and_nothing_else(stage: Stage) -> None:
    neighbours = [message(f"<other-{number}@example.com>") for number in range(3)]
    stage.deliver(neighbours[0])
    stage.deliver(message(), flags=["\\Flagged"])
    stage.deliver(neighbours[1], flags=["\\Deleted"])
    stage.deliver(neighbours[2], flags=["\\Seen"])
    mailbox = await stage.mailbox()
    (copy,) = await mailbox.find(REFERENCE)
    removed = await mailbox.remove(copy, only_if_unread=True)
    assert removed.removal is Removal.REMOVED
    assert removed.flags == frozenset({"\\Flagged"})
    assert removed.evidence and not removed.seen_later
    assert [each.raw for each in stage.shown()] == neighbours
    assert [each.flags for each in stage.shown()] == [frozenset(), frozenset({"\\Deleted"}), frozenset({"\\Seen"})]
    assert await mailbox.find(REFERENCE) == []


@pytest.mark.parametrize("mark", READ_MARKS)
async def test_leaves_a_read_copy_as_it_was(stage: Stage, mark: str) -> None:
    stage.deliver(message(), flags=[mark, "\\Flagged"])
    mailbox = await stage.mailbox()
    (copy,) = await mailbox.find(REFERENCE)
    removed = await mailbox.remove(copy, only_if_unread=True)
    assert removed.removal is Removal.READ
    assert mark in removed.flags
    (left,) = stage.shown()
    assert (left.raw, left.flags, left.date) == (message(), frozenset({mark, "\\Flagged"}), from_datetime(DATE))


@pytest.mark.parametrize("mark", READ_MARKS)
async def test_sees_what_was_read_since_it_was_found(stage: Stage, mark: str) -> None:
    uid = stage.deliver(message())
    mailbox = await stage.mailbox()
    (copy,) = await mailbox.find(REFERENCE)
    stage.set_flags(uid, [mark])
    assert (await mailbox.remove(copy, only_if_unread=True)).removal is Removal.READ
    (left,) = stage.shown()
    assert left.flags == frozenset({mark})


async def test_takes_a_read_copy_where_that_was_asked_for(stage: Stage) -> None:
    stage.deliver(message(), ARABIC, flags=["\\Seen"])
    mailbox = await stage.mailbox()
    (copy,) = await mailbox.find(REFERENCE)
    removed = await mailbox.remove(copy, only_if_unread=False)
    assert (removed.removal, removed.flags) == (Removal.REMOVED, frozenset({"\\Seen"}))
    assert stage.shown(ARABIC) == []


async def test_a_change_that_is_not_reading_does_not_save_it(stage: Stage) -> None:
    uid = stage.deliver(message())
    mailbox = await stage.mailbox()
    (copy,) = await mailbox.find(REFERENCE)
    stage.set_flags(uid, ["\\Flagged", "$Junk"])
    removed = await mailbox.remove(copy, only_if_unread=True)
    assert (removed.removal, removed.flags) == (Removal.REMOVED, frozenset({"\\Flagged", "$Junk"}))


async def test_one_of_two_copies(stage: Stage) -> None:
    unread, read = duplicates(stage, 2)
    stage.deliver(unread)
    stage.deliver(read, flags=["\\Seen"])
    mailbox = await stage.mailbox()
    outcomes = [await mailbox.remove(copy, only_if_unread=True) for copy in await mailbox.find(REFERENCE)]
    assert sorted(each.removal for each in outcomes) == [Removal.READ, Removal.REMOVED]
    assert [each.flags for each in stage.shown()] == [frozenset({"\\Seen"})]


# What happens in between


async def test_a_message_that_was_moved_is_gone_from_there(stage: Stage) -> None:
    uid = stage.deliver(message())
    mailbox = await stage.mailbox()
    (copy,) = await mailbox.find(REFERENCE)
    stage.move(uid, "INBOX", ARABIC)
    assert (await mailbox.remove(copy, only_if_unread=True)).removal is Removal.GONE
    (moved,) = await mailbox.find(REFERENCE)
    assert (await mailbox.remove(moved, only_if_unread=True)).removal is Removal.REMOVED


async def test_a_folder_that_was_deleted(stage: Stage) -> None:
    stage.deliver(message(), "Project")
    mailbox = await stage.mailbox()
    (copy,) = await mailbox.find(REFERENCE)
    stage.owner.delete_folder("Project")
    assert (await mailbox.remove(copy, only_if_unread=True)).removal is Removal.GONE
    with pytest.raises(MailboxUnavailable):
        await bytes_of(mailbox, copy)


async def test_a_folder_that_was_made_anew(stage: Stage) -> None:
    """Another message has the UID now, and another UIDVALIDITY says so."""
    stage.deliver(message(), "Project")
    mailbox = await stage.mailbox()
    (copy,) = await mailbox.find(REFERENCE)
    stage.owner.delete_folder("Project")
    other = message("<other@example.com>")
    stage.deliver(other, "Project")
    another = await stage.connector.open(stage.address)
    assert (await another.remove(copy, only_if_unread=True)).removal is Removal.GONE
    await another.close()
    assert [each.raw for each in stage.shown("Project")] == [other]


async def test_finishes_a_removal_that_was_interrupted(stage: Stage) -> None:
    if not stage.kind.interrupted:
        pytest.skip("a removal is one step here, and a message with \\Deleted is not shown")
    stage.deliver(message(), flags=["\\Deleted", "$Recalled", "\\Flagged", "\\Seen"])
    mailbox = await stage.mailbox()
    (copy,) = await mailbox.find(REFERENCE)
    assert copy.removing
    removed = await mailbox.remove(copy, only_if_unread=True)
    assert removed.removal is Removal.REMOVED
    assert stage.shown() == []


# Putting


async def test_puts_back_where_and_as_it_was(stage: Stage) -> None:
    raw = message(
        body=(b"\xff\xfe binary \x80\r\n" if stage.kind.octets else b"")
        + b"x" * 900
        + b"\r\n"
        + b"tail without an end" * 9000
    )
    flags = ["\\Flagged", "\\Answered", *(["$Forwarded", "$Junk"] if stage.kind.keywords else [])]
    mailbox = await stage.mailbox()
    place = await mailbox.put_back(kept(raw, ARABIC, flags))
    (back,) = stage.shown(ARABIC)
    assert (back.raw, back.flags) == (raw, frozenset(flags))
    assert back.date == from_datetime(DATE) or not stage.kind.dates
    assert (await stage.find_one()).place == place


async def test_puts_back_unread(stage: Stage) -> None:
    mailbox = await stage.mailbox()
    await mailbox.put_back(kept(message()))
    (back,) = stage.shown()
    assert back.flags == frozenset()


async def test_a_full_mailbox_refuses(make_stage: Callable[..., Stage]) -> None:
    async with make_stage(tight=True) as stage:
        if not stage.kind.quota:
            pytest.skip("the server's quota is not met here")
        mailbox = await stage.mailbox()
        with pytest.raises(QuotaExceeded):
            await mailbox.put_back(kept(message(body=b"x" * 70_000)))
        assert stage.shown() == []
        await mailbox.put_back(kept(message()))
        assert len(stage.shown()) == 1


async def test_from_a_full_mailbox_it_is_taken_all_the_same(make_stage: Callable[..., Stage]) -> None:
    async with make_stage(tight=True) as stage:
        stage.deliver(message())
        for body in (b"x" * 7000, b"x" * 500, b""):
            with suppress(IMAPClientError):
                for number in range(1000 if stage.kind.quota else 10):
                    stage.deliver(message(f"<{number}@example.com>", body))
        mailbox = await stage.mailbox()
        (copy,) = await mailbox.find(REFERENCE)
        assert await bytes_of(mailbox, copy) == message()
        assert (await mailbox.remove(copy, only_if_unread=True)).removal is Removal.REMOVED
        assert not any(MESSAGE_ID.encode() in each.raw for each in stage.shown())


async def test_content_that_breaks_off_is_not_put_back(stage: Stage) -> None:
    short = kept(message())
    lying = type(short)(short.folder, short.flags, short.delivered_at, short.size + 10, short.open)
    mailbox = await stage.mailbox()
    with pytest.raises(MailboxUnavailable):
        await mailbox.put_back(lying)
    assert stage.shown() == []


# Replacing


async def test_replaces_an_unread_copy(stage: Stage) -> None:
    stage.deliver(message(), ARABIC, ["\\Flagged"])
    mailbox = await stage.mailbox()
    (copy,) = await mailbox.find(REFERENCE)
    removed, place = await mailbox.put_in_place(copy, kept(NEW, "elsewhere", ["\\Seen"]), only_if_unread=True)
    assert (removed.removal, removed.flags) == (Removal.REMOVED, frozenset({"\\Flagged"}))
    (left,) = stage.shown(ARABIC)
    assert (left.raw, left.flags) == (NEW, frozenset({"\\Flagged"}))
    assert left.date == from_datetime(DATE) or not stage.kind.dates
    (new,) = await stage.find("<corrected@example.com>")
    assert new.place == place


async def test_does_not_replace_what_was_read(stage: Stage) -> None:
    stage.deliver(message(), flags=["\\Seen"])
    mailbox = await stage.mailbox()
    (copy,) = await mailbox.find(REFERENCE)
    removed, place = await mailbox.put_in_place(copy, kept(NEW), only_if_unread=True)
    assert (removed.removal, place) == (Removal.READ, None)
    (left,) = stage.shown()
    assert (left.raw, left.flags) == (message(), frozenset({"\\Seen"}))


async def test_replaces_a_read_copy_where_that_is_asked_for(stage: Stage) -> None:
    stage.deliver(message(), flags=["\\Seen", "\\Answered"])
    mailbox = await stage.mailbox()
    (copy,) = await mailbox.find(REFERENCE)
    removed, _ = await mailbox.put_in_place(copy, kept(NEW), only_if_unread=False)
    assert (removed.removal, removed.flags) == (Removal.REMOVED, frozenset({"\\Seen", "\\Answered"}))
    (left,) = stage.shown()
    assert (left.raw, left.flags) == (NEW, frozenset({"\\Seen", "\\Answered"}))


async def test_nothing_is_put_where_the_old_one_is_gone(stage: Stage) -> None:
    uid = stage.deliver(message())
    mailbox = await stage.mailbox()
    (copy,) = await mailbox.find(REFERENCE)
    stage.move(uid, "INBOX", ARABIC)
    removed, place = await mailbox.put_in_place(copy, kept(NEW), only_if_unread=True)
    assert (removed.removal, place) == (Removal.GONE, None)
    assert stage.shown() == [] and [each.raw for each in stage.shown(ARABIC)] == [message()]


async def test_a_replacement_that_breaks_off_is_put_in_place_by_the_next_try(stage: Stage) -> None:
    """The old one is whole meanwhile, and a search finds it, be it with our mark or as it was."""
    stage.deliver(message(), ARABIC, ["\\Flagged"])
    mailbox = await stage.mailbox()
    (copy,) = await mailbox.find(REFERENCE)
    short = kept(NEW)
    lying = replace(short, size=short.size + 10)
    with pytest.raises(MailboxUnavailable):
        await mailbox.put_in_place(copy, lying, only_if_unread=True)
    assert await stage.find("<corrected@example.com>") == []
    another = await stage.connector.open(stage.address)
    (again,) = await another.find(REFERENCE)
    assert again.place == copy.place and again.flags - {"\\Deleted"} == {"\\Flagged"}
    removed, _ = await another.put_in_place(again, short, only_if_unread=True)
    await another.close()
    assert removed.removal is Removal.REMOVED
    (left,) = stage.shown(ARABIC)
    assert (left.raw, left.flags) == (NEW, frozenset({"\\Flagged"}))


async def test_a_replacement_without_room_leaves_the_old_one_as_it_was(make_stage: Callable[..., Stage]) -> None:
    async with make_stage(tight=True) as stage:
        if not stage.kind.quota:
            pytest.skip("the server's quota is not met here")
        stage.deliver(message(), flags=["\\Flagged"])
        mailbox = await stage.mailbox()
        (copy,) = await mailbox.find(REFERENCE)
        with pytest.raises(QuotaExceeded):
            await mailbox.put_in_place(copy, kept(message("<big@example.com>", b"x" * 70_000)), only_if_unread=True)
        (left,) = stage.shown()
        assert (left.raw, left.flags, left.date) == (message(), frozenset({"\\Flagged"}), from_datetime(DATE))


# Who cannot be reached


async def test_an_unknown_mailbox_is_refused(stage: Stage) -> None:
    with pytest.raises(MailboxRefused):
        mailbox = await stage.connector.open(f"nobody-{stage.user}@{DOMAIN}")
        await mailbox.find(REFERENCE)


@pytest.mark.parametrize("name", ["*", "user*", "us?r1", "..", "a/../b", "%u", "user1*master"])
async def test_a_name_that_could_mean_others_is_refused(stage: Stage, name: str) -> None:
    with pytest.raises(MailboxRefused):
        await stage.connector.open(f"{name}@{DOMAIN}")


async def test_a_wrong_password_is_refused(stage: Stage) -> None:
    if not stage.kind.logs_in:
        pytest.skip("nobody logs in here")
    connector = stage.make_connector(password="not the password")
    with pytest.raises(MailboxRefused, match="refused"):
        mailbox = await connector.open(stage.address)
        await mailbox.find(REFERENCE)
    (failed,) = await connector.examine(stage.address)
    assert failed.check is Check.FAILED and failed.advice
    assert "not the password" not in failed.what


async def test_a_server_that_is_down(stage: Stage) -> None:
    if not stage.kind.logs_in:
        pytest.skip("there is no server here")
    stage.owner.shutdown()
    stage.server.stop()
    try:
        with pytest.raises(MailboxUnavailable):
            mailbox = await stage.connector.open(stage.address)
            await mailbox.find(REFERENCE)
        (failed,) = await stage.connector.examine(stage.address)
        assert failed.check is Check.FAILED
    finally:
        stage.server.start()
    stage.owner = stage.server.log_in(stage.user)
    assert await stage.find() == []


# Doctor


async def test_an_examination_finds_nothing_wrong_and_changes_nothing(stage: Stage) -> None:
    stage.deliver(message())
    found = await stage.connector.examine(stage.address)
    assert len(found) >= 2
    assert all(each.check is Check.OK for each in found), found
    (left,) = stage.shown()
    assert (left.raw, left.flags) == (message(), frozenset())


async def test_says_what_it_covers(stage: Stage) -> None:
    assert stage.connector.covers(f"Ann@{DOMAIN}")
    assert not stage.connector.covers("ann@elsewhere.example")


async def test_more_mailboxes_than_connections(stage: Stage) -> None:
    connector = stage.make_connector(connections=1)
    stage.deliver(message())
    for _ in range(3):
        mailbox = await connector.open(stage.address)
        assert len(await mailbox.find(REFERENCE)) == 1
        await mailbox.close()
