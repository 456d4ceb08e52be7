"""Sent mail on a real IMAP server: read, and left as it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from takeback.imap_url import Encryption, ImapServer, parse_imap_url
from takeback.imports.imap import ImapFolder
from takeback.imports.source import SourceUnavailable
from tests.services.dovecot import PASSWORD, Dovecot
from tests.services.mail_servers import required_dovecot

BODY = b"From: ann@example.com\r\nTo: bob@one.example\r\nSubject: number %d\r\n\r\n" + b"Text.\r\n" * 20_000


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with required_dovecot() as started:
        yield started


def plain(server: Dovecot) -> ImapServer:
    return parse_imap_url(f"imap://127.0.0.1:{server.imap_port}")


def test_the_newest_are_read_over_tls_and_no_flag_changes(server: Dovecot) -> None:
    user = server.new_user()
    with server.log_in(user) as client:
        client.create_folder("Old mail")
        for number in range(5):
            client.append("Old mail", BODY % number)
    place = ImapServer("127.0.0.1", server.imaps_port, Encryption.IMPLICIT)
    source = ImapFolder(place, user, PASSWORD, "Old mail", 3, server.ca_file)
    messages = list(source.messages())
    assert [message.split(b"\r\n")[2] for message in messages] == [
        b"Subject: number %d" % number for number in (2, 3, 4)
    ]
    assert all(len(message) == 64 << 10 for message in messages), "the beginning is enough"
    with server.log_in(user) as client:
        client.select_folder("Old mail")
        assert set(client.get_flags(client.search())[1]) <= {b"\\Recent"}


@pytest.mark.parametrize(
    ("password", "folder", "said"),
    [("wrong", "INBOX", "127.0.0.1: "), (PASSWORD, "Nowhere", "127.0.0.1: ")],
)
def test_what_cannot_be_read_is_said_in_one_line(server: Dovecot, password: str, folder: str, said: str) -> None:
    source = ImapFolder(plain(server), server.new_user(), password, folder, 10)
    with pytest.raises(SourceUnavailable, match=said) as caught:
        list(source.messages())
    assert "\n" not in str(caught.value) and PASSWORD not in repr(source)


def test_a_server_that_is_not_there() -> None:
    source = ImapFolder(ImapServer("127.0.0.1", 1, Encryption.NONE), "ann", "x", "", 10)
    with pytest.raises(SourceUnavailable, match=r"127\.0\.0\.1: .*refused"):
        list(source.messages())


def test_a_certificate_that_is_not_trusted(server: Dovecot) -> None:
    place = ImapServer("127.0.0.1", server.imaps_port, Encryption.IMPLICIT)
    with pytest.raises(SourceUnavailable, match="certificate"):
        list(ImapFolder(place, server.new_user(), PASSWORD, "INBOX", 10).messages())
