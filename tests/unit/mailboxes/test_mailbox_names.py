"""What a mailbox, a folder and a message are called."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.mailboxes.imap.folders import Folder, Namespaces, read_name, to_search, write_name
from takeback.mailboxes.names import user_name
from takeback.mailboxes.wanted import has_message_id
from takeback.ports.mailbox import MailboxRefused, Reference


def test_user_names() -> None:
    assert user_name("{user}*{master}", "Ann@Example.com", "boss") == "ann*boss"
    assert user_name("{address}", '"ann"@EXAMPLE.com') == "ann@example.com"
    assert user_name("{user}*{master}", "{master}@example.com", "boss") == "{master}*boss"
    assert user_name("{master}", "a*b@example.com", "own") == "own"


@pytest.mark.parametrize("local", ["*", "a*b", "a?", "a%n", "a/b", '"a b"', '"a\\\\b"'])
def test_names_that_could_mean_others(local: str) -> None:
    with pytest.raises(MailboxRefused):
        user_name("{user}", f"{local}@example.com")


@given(st.text(min_size=1).filter(lambda text: "\0" not in text and text.isprintable()))
def test_what_people_call_a_folder(name: str) -> None:
    if not name.startswith("\ufffd"):
        assert read_name(write_name(name)) == name


@given(st.binary(min_size=1).filter(lambda octets: b"\0" not in octets))
def test_any_octets_of_a_folder_come_back(wire: bytes) -> None:
    assert write_name(read_name(wire)) == wire
    read_name(wire).encode("utf-8")


@pytest.mark.parametrize("name", ["", "a\0b", "\ud800", "\ufffd\u0416"])
def test_names_that_no_folder_has(name: str) -> None:
    with pytest.raises(ValueError):
        write_name(name)


def test_which_folders_are_searched() -> None:
    folders = [
        Folder(b"INBOX", frozenset()),
        Folder(b"INBOX.Sent", frozenset()),
        Folder(b"INBOX.Project.Sent", frozenset()),
        Folder(b"INBOX.Gesendet", frozenset({"\\sent"})),
        Folder(b"INBOX.Trash", frozenset({"\\trash"})),
        Folder(b"user.bob", frozenset()),
        Folder(b"shared", frozenset()),
    ]
    cyrus = Namespaces((b"INBOX.",), (b"user.", b""))
    wanted = [folder.wire for folder in to_search(folders, cyrus, ("\\Sent", "sent"))]
    assert wanted == [b"INBOX.Project.Sent", b"INBOX.Trash", b"INBOX"]


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (b"Message-ID: <a@b>\r\n\r\n", True),
        (b"Subject: x\r\nmessage-id:\r\n\t<a@b> \r\n\r\n", True),
        (b"MESSAGE-ID : <a@b>\n\n", True),
        (b"Message-ID: <x@b>\r\nMessage-ID: <a@b>\r\n\r\n", True),
        (b"Message-ID: <aa@b>\r\n\r\n", False),
        (b"Message-ID: <a@b> <c@d>\r\n\r\n", False),
        (b"X-Message-ID: <a@b>\r\n\r\n", False),
        (b"Subject: x\r\n Message-ID: <a@b>\r\n\r\n", False),
        (b"\xff\xfe", False),
    ],
)
def test_the_message_id_in_full(header: bytes, found: bool) -> None:
    assert has_message_id(header, Reference("<a@b>")) is found
