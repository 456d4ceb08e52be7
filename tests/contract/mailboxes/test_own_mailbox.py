"""A person's own mail on a real Dovecot: the copy in Sent moves to Drafts, and nothing else does."""

from __future__ import annotations

from contextlib import AbstractContextManager

import pytest
from imapclient import IMAPClient

from takeback.mailboxes.own import ImapDrafts
from takeback.mailboxes.own_settings import SentCopySettings
from takeback.ports.sent_copies import NoEntry, OwnMailbox, Whereabouts
from tests.services.dovecot import PASSWORD, Dovecot

MESSAGE_ID = "<stopped@example.com>"


class Desk(AbstractContextManager["Desk"]):
    """One person's mailbox, and the way to it."""

    def __init__(self, server: Dovecot, *folders: str, encrypted: bool = False) -> None:
        self.user = server.new_user()
        self.client: IMAPClient = server.log_in(self.user)
        for folder in folders:
            self.client.create_folder(folder)
        port = server.imaps_port if encrypted else server.imap_port
        self.url = f"imaps://localhost:{port}" if encrypted else f"imap://127.0.0.1:{port}"
        settings = {"servers": [self.url], "ca_file": str(server.ca_file)}
        self.drafts = ImapDrafts(SentCopySettings.model_validate(settings))

    def __exit__(self, *_: object) -> None:
        self.client.shutdown()

    def mailbox(self, password: str = PASSWORD, server: str = "") -> OwnMailbox:
        return OwnMailbox("ann@example.com", server or self.url, self.user, password)

    def put(self, folder: str, message_id: str, *flags: bytes) -> None:
        text = f"From: ann@example.com\r\nMessage-ID: {message_id}\r\nSubject: x\r\n\r\nbody\r\n"
        self.client.append(folder, text.encode(), flags)

    def inside(self, folder: str) -> list[tuple[str, frozenset[bytes]]]:
        """Message-ID and flags of what is in a folder."""
        self.client.select_folder(folder, readonly=True)
        found = self.client.fetch(self.client.search(), ["ENVELOPE", "FLAGS"])
        return sorted(
            (each[b"ENVELOPE"].message_id.decode(), frozenset(each[b"FLAGS"]) - {b"\\Recent"})
            for each in found.values()
        )


@pytest.mark.parametrize("encrypted", [False, True])
async def test_the_copy_moves_to_drafts_and_is_one(dovecot_server: Dovecot, encrypted: bool) -> None:
    with Desk(dovecot_server, "Sent", "Drafts", encrypted=encrypted) as desk:
        desk.put("Sent", MESSAGE_ID, b"\\Seen")
        desk.put("Sent", "<other@example.com>", b"\\Seen")
        assert await desk.drafts.move_to_drafts(desk.mailbox(), MESSAGE_ID) is Whereabouts.MOVED
        assert desk.inside("Drafts") == [(MESSAGE_ID, frozenset({b"\\Seen", b"\\Draft"}))]
        assert desk.inside("Sent") == [("<other@example.com>", frozenset({b"\\Seen"}))]


async def test_it_is_moved_once(dovecot_server: Dovecot) -> None:
    with Desk(dovecot_server, "Sent", "Drafts") as desk:
        desk.put("Sent", MESSAGE_ID)
        await desk.drafts.move_to_drafts(desk.mailbox(), MESSAGE_ID)
        assert await desk.drafts.move_to_drafts(desk.mailbox(), MESSAGE_ID) is Whereabouts.NOT_THERE
        assert len(desk.inside("Drafts")) == 1


@pytest.mark.parametrize("other", ["<stopped@example.com.evil>", "<not-stopped@example.com>", "<STOPPED@example.com>"])
async def test_a_message_id_that_only_contains_it_is_another(dovecot_server: Dovecot, other: str) -> None:
    with Desk(dovecot_server, "Sent", "Drafts") as desk:
        desk.put("Sent", other)
        assert await desk.drafts.move_to_drafts(desk.mailbox(), MESSAGE_ID) is Whereabouts.NOT_THERE
        assert len(desk.inside("Sent")) == 1


@pytest.mark.parametrize("message_id", ['<a"b\\c@example.com>', "<رسالة@example.com>", "<a b@example.com>"])
async def test_any_message_id_can_be_asked_for(dovecot_server: Dovecot, message_id: str) -> None:
    with Desk(dovecot_server, "Sent", "Drafts") as desk:
        assert await desk.drafts.move_to_drafts(desk.mailbox(), message_id) is Whereabouts.NOT_THERE


async def test_folders_are_found_by_their_usual_names(dovecot_server: Dovecot) -> None:
    with Desk(dovecot_server, "Sent Messages", "Drafts") as desk:
        desk.put("Sent Messages", MESSAGE_ID)
        assert await desk.drafts.move_to_drafts(desk.mailbox(), MESSAGE_ID) is Whereabouts.MOVED


@pytest.mark.parametrize(("folders", "said"), [(["Drafts"], "sent mail"), (["Sent"], "drafts")])
async def test_a_missing_folder_is_said(dovecot_server: Dovecot, folders: list[str], said: str) -> None:
    with Desk(dovecot_server, *folders) as desk, pytest.raises(NoEntry, match=f"no folder for {said}"):
        await desk.drafts.check(desk.mailbox())


async def test_a_wrong_password_is_said(dovecot_server: Dovecot) -> None:
    with Desk(dovecot_server, "Sent", "Drafts") as desk:
        await desk.drafts.check(desk.mailbox())
        with pytest.raises(NoEntry, match="refuses the login"):
            await desk.drafts.check(desk.mailbox("wrong"))


async def test_no_other_server_is_ever_asked(dovecot_server: Dovecot) -> None:
    with Desk(dovecot_server, "Sent", "Drafts") as desk, pytest.raises(NoEntry, match="not among the servers"):
        await desk.drafts.check(desk.mailbox(server=f"imap://localhost:{dovecot_server.imap_port}"))


async def test_a_server_that_is_down_is_said() -> None:
    url = "imap://127.0.0.1:1"
    drafts = ImapDrafts(SentCopySettings.model_validate({"servers": [url]}))
    with pytest.raises(NoEntry, match=r"127\.0\.0\.1"):
        await drafts.check(OwnMailbox("ann@example.com", url, "ann", "x"))
