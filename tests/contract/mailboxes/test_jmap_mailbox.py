"""What is JMAP's own: one Email for identical copies and for several folders, and a state for the whole account."""

from __future__ import annotations

import pytest

from takeback.ports.mailbox import MailboxRefused, QuotaExceeded, Removal
from tests.contract.mailboxes.stages import DOMAIN, KINDS, REFERENCE, Kind, Stage, bytes_of, kept, message
from tests.services.cyrus import PASSWORD

JMAP = next(kind for kind in KINDS if kind.name == "jmap@cyrus")
NEW = message("<corrected@example.com>", b"the price is 7.\r\n")


@pytest.fixture
def kind() -> Kind:
    return JMAP


async def test_identical_copies_of_one_folder_are_one_and_go_together(stage: Stage) -> None:
    for _ in range(3):
        stage.deliver(message())
    mailbox = await stage.mailbox()
    (copy,) = await mailbox.find(REFERENCE)
    assert (await mailbox.remove(copy, only_if_unread=True)).removal is Removal.REMOVED
    assert stage.shown() == []


@pytest.mark.parametrize("mark", ["\\Seen", "\\Answered", "$Forwarded", "$MDNSent"])
async def test_a_mark_on_one_of_identical_copies_saves_all(stage: Stage, mark: str) -> None:
    stage.deliver(message())
    stage.deliver(message(), flags=[mark])
    stage.deliver(message(), "Archive")
    mailbox = await stage.mailbox()
    copies = await mailbox.find(REFERENCE)
    assert [copy.place.folder for copy in copies if mark in copy.flags] == [copy.place.folder for copy in copies]
    outcomes = [(await mailbox.remove(copy, only_if_unread=True)).removal for copy in copies]
    assert outcomes == [Removal.READ, Removal.READ]
    assert (len(stage.shown()), len(stage.shown("Archive"))) == (2, 1)


async def test_it_is_taken_from_one_folder_after_the_other(stage: Stage) -> None:
    stage.deliver(message())
    stage.deliver(message(), "Archive/2026")
    mailbox = await stage.mailbox()
    copies = {copy.place.folder: copy for copy in await mailbox.find(REFERENCE)}
    assert sorted(copies) == ["Archive/2026", "INBOX"]
    assert (await mailbox.remove(copies["INBOX"], only_if_unread=True)).removal is Removal.REMOVED
    assert (len(stage.shown()), len(stage.shown("Archive/2026"))) == (0, 1)
    assert (await mailbox.remove(copies["INBOX"], only_if_unread=True)).removal is Removal.GONE
    assert (await mailbox.remove(copies["Archive/2026"], only_if_unread=True)).removal is Removal.REMOVED
    assert stage.shown("Archive/2026") == []


async def test_what_the_owner_sent_stays_where_a_copy_came_back_to_him(stage: Stage) -> None:
    stage.deliver(message())
    stage.deliver(message(), "Sent")
    mailbox = await stage.mailbox()
    (copy,) = await mailbox.find(REFERENCE)
    assert (await mailbox.remove(copy, only_if_unread=True)).removal is Removal.REMOVED
    assert (len(stage.shown()), len(stage.shown("Sent"))) == (0, 1)


async def test_other_mail_that_arrives_meanwhile_changes_nothing(stage: Stage) -> None:
    stage.deliver(message())
    mailbox = await stage.mailbox()
    (copy,) = await mailbox.find(REFERENCE)
    stage.deliver(message("<other@example.com>"))
    assert (await mailbox.remove(copy, only_if_unread=True)).removal is Removal.REMOVED
    assert [each.raw for each in stage.shown()] == [message("<other@example.com>")]


async def test_a_replacement_that_was_interrupted_is_recognised(stage: Stage) -> None:
    """The mark is a keyword, and a reader who comes after it does not undo the decision."""
    stage.deliver(message(), flags=["$Recalled", "\\Seen"])
    mailbox = await stage.mailbox()
    (copy,) = await mailbox.find(REFERENCE)
    assert copy.removing
    removed = await mailbox.remove(copy, only_if_unread=True)
    assert (removed.removal, removed.flags) == (Removal.REMOVED, frozenset({"\\Seen"}))


async def test_replaces_in_one_of_two_folders(stage: Stage) -> None:
    stage.deliver(message())
    stage.deliver(message(), "Archive")
    mailbox = await stage.mailbox()
    copies = {copy.place.folder: copy for copy in await mailbox.find(REFERENCE)}
    removed, place = await mailbox.put_in_place(copies["INBOX"], kept(NEW), only_if_unread=True)
    assert removed.removal is Removal.REMOVED and place is not None
    assert [each.raw for each in stage.shown()] == [NEW]
    assert [(each.raw, each.flags) for each in stage.shown("Archive")] == [(message(), frozenset())]


async def test_puts_back_what_was_taken(stage: Stage) -> None:
    raw = message()
    stage.deliver(raw, flags=["\\Flagged"])
    mailbox = await stage.mailbox()
    (copy,) = await mailbox.find(REFERENCE)
    await mailbox.remove(copy, only_if_unread=True)
    place = await mailbox.put_back(kept(raw, flags=["\\Flagged"]))
    (back,) = await mailbox.find(REFERENCE)
    assert (back.place, back.flags) == (place, frozenset({"\\Flagged"}))
    assert await bytes_of(mailbox, back) == raw


async def test_puts_the_same_into_two_new_folders(stage: Stage) -> None:
    mailbox = await stage.mailbox()
    for folder in ("Projects/North/2026", "Projects/South"):
        place = await mailbox.put_back(kept(message(), folder))
        assert place.folder == folder
        assert [each.raw for each in stage.shown(folder)] == [message()]


async def test_a_mailbox_with_its_own_login(stage: Stage) -> None:
    stage.deliver(message())
    own = {"for": [stage.address], "username": stage.user, "password": PASSWORD, "login": ""}
    mailbox = await stage.make_connector(**own).open(stage.address)
    assert len(await mailbox.find(REFERENCE)) == 1
    await mailbox.close()


async def test_a_token_that_the_server_does_not_know(stage: Stage) -> None:
    connector = stage.make_connector(**{"for": [f"ann@{DOMAIN}"], "username": "", "password": "token", "login": ""})
    with pytest.raises(MailboxRefused) as caught:
        await connector.open(f"ann@{DOMAIN}")
    assert not isinstance(caught.value, QuotaExceeded)
