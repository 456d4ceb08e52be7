"""Every limit, met by a client on the wire: its exact reply, and what still works afterwards.

Each test comes from an address of its own, so that they do not use up one another's room.
"""

from __future__ import annotations

import smtplib
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

import pytest

from tests.end_to_end.running import HOSTNAME, Gateway, letter, running, submit, until

SENDER = "robot@crm.example"
IDLE = 1.0


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("limited")
    file = folder / "takeback.toml"
    trusted = [
        f'[[smtp.trusted]]\nnetwork = "127.0.1.{number}/32"\naccount = "crm{number}"\nmay_send_as = ["{SENDER}"]\n'
        for number in range(1, 20)
    ]
    file.write_text(f"""
[data]
folder = "data"
reserve = "0B"
[http]
listen = []
[review]
enabled = false
[smtp]
hostname = "{HOSTNAME}"
listen = ["127.0.0.1:0"]
max_size = "20KB"
{"".join(trusted)}
[hold]
window = "1h"
longest = "1h"
[[hold.rule]]
when = {{ recipients = ["*@now.example"] }}
window = "0s"
[[relay]]
to = "maildir://{folder}/box/{{address}}"
[limits]
held_messages = 2
held_bytes = "30KB"
submissions_per_hour = 4
recipients = 3
connections_per_address = 2
idle = "{IDLE:.0f}s"
errors = 4
command_line = 600
text_line = 200
received = 5
""")
    with running(file) as process:
        yield process


@contextmanager
def client(limited: Gateway, number: int) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP("127.0.0.1", limited.port, timeout=20, source_address=(f"127.0.1.{number}", 0)) as session:
        session.ehlo()
        yield session


def begin(session: smtplib.SMTP, *recipients: str) -> None:
    assert session.mail(SENDER)[0] == 250
    for recipient in recipients or ("bob@example.net",):
        assert session.rcpt(recipient)[0] == 250


def test_a_command_line_too_long(limited: Gateway) -> None:
    with client(limited, 1) as session:
        assert session.docmd("NOOP", "x" * 600) == (500, b"5.5.2 The line is too long")
        assert session.noop()[0] == 250


def test_a_line_of_the_message_too_long(limited: Gateway) -> None:
    with client(limited, 2) as session:
        begin(session)
        refused = session.data(letter(SENDER) + b"x" * 201 + b"\r\n")
        assert refused == (554, b"5.6.0 A line of the message is longer than 200 octets")
        submit(session, SENDER, ["bob@example.net"], letter(SENDER) + b"x" * 200 + b"\r\n")


def test_too_many_recipients(limited: Gateway) -> None:
    """The message goes to those that were taken (RFC 5321 §4.5.3.1.10)."""
    with client(limited, 3) as session:
        begin(session, "a@example.net", "b@example.net", "c@example.net")
        assert session.rcpt("d@example.net") == (
            452,
            b"4.5.3 Too many recipients; send the message to the others afterwards",
        )
        assert session.data(letter(SENDER))[0] == 250


def test_a_size_too_big(limited: Gateway) -> None:
    with client(limited, 4) as session:
        assert session.esmtp_features["size"] == "20480"
        said = (552, b"5.3.4 The message is too big; the limit is 20480 octets")
        assert session.mail(SENDER, ["SIZE=20481"]) == said
        begin(session)
        assert session.data(letter(SENDER) + b"line\r\n" * 4000) == said
        assert session.noop()[0] == 250


def test_too_many_errors(limited: Gateway) -> None:
    with client(limited, 5) as session:
        for _ in range(3):
            assert session.docmd("WHAT")[0] == 500
        assert session.docmd("WHAT")[0] == 500
        assert session.getreply() == (421, b"4.7.0 Too many errors")
        assert session.file is not None
        assert session.file.read() == b""


def test_a_client_that_falls_silent(limited: Gateway) -> None:
    with socket.create_connection(("127.0.0.1", limited.port), 20, ("127.0.1.6", 0)) as wire:
        started = time.monotonic()
        said = b"".join(iter(lambda: wire.recv(1000), b""))
    assert said.endswith(b"421 4.4.2 Nothing heard from you for too long\r\n")
    assert IDLE * 0.9 < time.monotonic() - started < 15


def test_a_client_that_falls_silent_in_the_middle_of_a_message(limited: Gateway) -> None:
    with client(limited, 7) as session:
        begin(session)
        session.putcmd("DATA")
        assert session.getreply()[0] == 354
        session.send(b"From: half a mess")
        assert session.getreply() == (421, b"4.4.2 Nothing heard from you for too long")
    outbox = limited.command("outbox", "--account", "crm7", "--json")
    assert outbox.json == []


def test_too_many_connections_from_one_address(limited: Gateway) -> None:
    with ExitStack() as open_ones:
        for _ in range(2):
            open_ones.enter_context(client(limited, 8))
        with pytest.raises(smtplib.SMTPConnectError) as refused, client(limited, 8):
            pass
        assert (refused.value.smtp_code, refused.value.smtp_error) == (
            421,
            b"4.7.0 Too many connections from your address; close some",
        )
        open_ones.enter_context(client(limited, 9))


def test_too_many_held_messages_until_one_is_undone(limited: Gateway) -> None:
    said = (452, b"4.2.2 2 of your messages have not left yet; release or undo some")
    with client(limited, 10) as session:
        submit(session, SENDER, ["a@example.net"])
        id = submit(session, SENDER, ["b@example.net"])
        assert session.mail(SENDER) == said
        assert limited.command("undo", id).status == 0
        submit(session, SENDER, ["c@example.net"])
        assert session.mail(SENDER) == said


def test_too_many_held_octets(limited: Gateway) -> None:
    with client(limited, 11) as session:
        submit(session, SENDER, ["a@example.net"], letter(SENDER) + b"line\r\n" * 3000)
        said = (452, b"4.2.2 What has not left yet takes up all the room it may; release or undo some")
        assert session.mail(SENDER, ["SIZE=15000"]) == said
        begin(session)
        assert session.data(letter(SENDER) + b"line\r\n" * 2500) == said
        submit(session, SENDER, ["a@example.net"])


def test_too_many_submissions_in_an_hour(limited: Gateway) -> None:
    with client(limited, 12) as session:
        for number in range(1, 5):
            submit(session, SENDER, ["quick@now.example"])
            # What has not left yet counts as held, and of those there may be two.
            until(partial(_has_arrived, limited, number), "it to leave")
        assert session.mail(SENDER) == (450, b"4.7.1 More than 4 messages in an hour; try later")


def _has_arrived(limited: Gateway, count: int) -> bool:
    return len(limited.mailbox("quick@now.example")) == count


def test_a_message_that_has_been_everywhere(limited: Gateway) -> None:
    with client(limited, 13) as session:
        begin(session)
        assert session.data(b"Received: from a by b; now\r\n" * 5 + letter(SENDER)) == (
            554,
            b"5.4.6 Too many hops: the message is in a loop",
        )


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("HOLDFOR=3601", b"5.5.4 HOLDFOR: the limit is 3600 seconds"),
        ("HOLDUNTIL=2999-01-01T00:00:00Z", b"5.5.4 HOLDUNTIL: the limit is 3600 seconds from now"),
    ],
)
def test_a_hold_that_is_too_long(limited: Gateway, asked: str, said: bytes) -> None:
    with client(limited, 14) as session:
        assert session.mail(SENDER, [asked]) == (501, said)


def test_a_header_that_asks_for_too_long_a_hold(limited: Gateway) -> None:
    with client(limited, 15) as session:
        begin(session)
        said = session.data(letter(SENDER, "hello", "Takeback-Hold: 2h"))
        assert said == (501, b"5.5.4 A message is held for 1h at the longest")


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (b"Subject: no author\r\n\r\n", b"5.7.1 Refused: the message has no From field"),
        (letter(SENDER)[:-2] + b"\n", b"5.6.0 "),
        (letter(SENDER, "hello", "Takeback-Hold: soon"), b"5.6.0 Takeback-Hold: 'soon' is not a duration; "),
    ],
)
def test_a_message_that_is_none(limited: Gateway, message: bytes, said: bytes) -> None:
    """What smtplib would mend is sent as it is."""
    with client(limited, 16) as session:
        begin(session)
        session.putcmd("DATA")
        assert session.getreply()[0] == 354
        session.send(message + b".\r\n" if message.endswith(b"\r\n") else message + b"\r\n.\r\n")
        code, text = session.getreply()
        assert code in (550, 554)
        assert text.startswith(said)
        assert session.noop()[0] == 250
