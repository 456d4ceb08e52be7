"""What a dialog cannot show: waiting, memory, ends, and the order of calls."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from takeback.clock import DAY
from takeback.smtp import events
from takeback.smtp.events import NEED_DATA, WAITING, BodyBegins, BodyChunk, BodyRefused, Closed, Connected
from takeback.smtp.replies import Reply
from takeback.smtp.server import ServerSession
from takeback.smtp.settings import SmtpLimits
from tests.dialogs.session_peer import AGREEMENT, Listener, new_session

MESSAGE = b"EHLO me\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\n"
MEGABYTE = (b"x" * 62 + b"\r\n") * (1 << 14)


def greeted() -> ServerSession:
    session = new_session(may_start_tls=True)
    assert session.next_event() == Connected()
    session.answer(AGREEMENT[Connected])
    session.take_output()
    return session


def test_a_question_stops_everything_behind_it() -> None:
    session = greeted()
    session.receive(b"HELO me\r\nMAIL FROM:<a@example.com>\r\nNOOP\r\n")
    session.next_event()
    assert isinstance(session.next_event(), events.Mail)
    session.take_output()
    assert session.next_event() is WAITING
    session.receive(b"NOOP\r\n")
    assert session.next_event() is WAITING
    assert session.buffered == len(b"NOOP\r\n" * 2)
    assert session.take_output() == b""
    session.answer(Reply.of(250, "2.1.0", "Ok"))
    assert session.next_event() is NEED_DATA
    assert session.take_output() == b"250 2.1.0 Ok\r\n250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n"
    assert session.buffered == 0


def test_nothing_is_read_before_the_greeting_is_answered() -> None:
    session = new_session()
    session.receive(b"NOOP\r\n")
    assert session.next_event() == Connected()
    assert session.next_event() is WAITING
    assert session.take_output() == b""


def test_an_answer_needs_a_question() -> None:
    with pytest.raises(RuntimeError):
        greeted().answer(Reply.of(250, None, "Ok"))


def test_a_handshake_needs_starttls() -> None:
    with pytest.raises(RuntimeError):
        greeted().secured()


def test_output_is_handed_out_once() -> None:
    session = greeted()
    session.receive(b"NOOP\r\n")
    session.next_event()
    assert session.take_output()
    assert session.take_output() == b""


def test_after_the_end_there_is_only_the_end() -> None:
    session = greeted()
    session.receive(b"QUIT\r\nNOOP\r\n")
    assert session.next_event() == Closed()
    session.receive(b"NOOP\r\n" * 1000)
    assert session.buffered == 0
    assert session.next_event() == Closed()
    assert session.take_output() == b"221 2.0.0 Bye\r\n"


def test_what_came_before_the_peer_closed_is_obeyed() -> None:
    listener = Listener(new_session())
    listener.session.receive(MESSAGE + b"DATA\r\n.\r\n")
    listener.hang_up()
    assert [type(event) for event in listener.events[-2:]] == [events.BodyEnds, Closed]
    assert listener.output.endswith(b"250 2.0.0 Kept\r\n")


@pytest.mark.parametrize(
    "cut_short", [b"DATA\r\nhalf a message\r\n.\r", b"BDAT 20 LAST\r\nhalf", b"BDAT 4\r\nhalf", b"DAT"]
)
def test_a_message_that_was_cut_short_never_ends(cut_short: bytes) -> None:
    listener = Listener(new_session())
    listener.feed(MESSAGE + cut_short)
    listener.hang_up()
    assert listener.events[-1] == Closed()
    assert not any(isinstance(event, events.BodyEnds) for event in listener.events)


@pytest.mark.parametrize("when", ["before the handshake ends", "before the event is seen"])
def test_octets_in_the_clear_behind_starttls_end_the_session(when: str) -> None:
    session = greeted()
    session.receive(b"EHLO me\r\n")
    session.next_event()
    session.receive(b"STARTTLS\r\n")
    assert session.next_event() == events.StartTls()
    session.take_output()
    session.receive(b"MAIL FROM:<evil@example.com>\r\n")
    if when == "before the handshake ends":
        session.secured()
    assert session.next_event() == Closed()
    assert session.take_output() == b""


def test_the_password_is_not_shown() -> None:
    credentials = events.Credentials("PLAIN", "", "ann", "secret")
    assert "secret" not in repr(credentials)


def test_a_huge_chunk_is_swallowed_and_not_kept() -> None:
    listener = Listener(new_session({"max_size": "1MB", "errors": 5}))
    listener.feed(MESSAGE + b"BDAT 99999999 LAST\r\n")
    for _ in range(20):
        listener.feed(MEGABYTE)
    assert listener.most_buffered == 0
    assert not any(isinstance(event, BodyBegins | BodyChunk) for event in listener.events)
    assert b"552" not in listener.output
    listener.feed(b"y" * (99_999_999 - 20 * len(MEGABYTE)))
    assert listener.output.endswith(b"552 5.3.4 The message is too big; the limit is 1048576 octets\r\n")


def test_a_body_over_the_limit_is_handed_out_up_to_it() -> None:
    listener = Listener(new_session({"max_size": "1MB"}))
    listener.feed(MESSAGE + b"DATA\r\n")
    for _ in range(20):
        listener.feed(MEGABYTE)
    assert len(listener.body()) == 1 << 20
    assert isinstance(listener.events[-1], BodyRefused)
    assert listener.most_buffered == 0
    listener.feed(b"\r\n.\r\nNOOP\r\n")
    assert listener.output.endswith(
        b"552 5.3.4 The message is too big; the limit is 1048576 octets\r\n250 2.0.0 Ok\r\n"
    )


@pytest.mark.parametrize("noise", [b"\0", b"A", b"\r", b"\n", b"\r\rx"])
def test_an_endless_line_needs_no_memory(noise: bytes) -> None:
    listener = Listener(new_session({"errors": 1_000_000}))
    for _ in range(64):
        listener.feed(noise * 16_384)
    assert listener.most_buffered <= SmtpLimits().command_line


def test_limits_have_their_defaults() -> None:
    limits = SmtpLimits()
    assert (limits.max_size, limits.recipients, limits.errors) == (52_428_800, 1000, 20)
    assert (limits.command_line, limits.auth_line, limits.text_line) == (4096, 12_288, 0)
    assert limits.longest_hold == 30 * DAY


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_size": 0},
        {"command_line": 100},
        {"recipients": 0},
        {"errors": 0},
        {"longest_hold": 0},
        {"text_line": -1},
        {"unheard_of": 1},
    ],
)
def test_limits_that_cannot_be(wrong: dict[str, int | str]) -> None:
    with pytest.raises(ValidationError):
        SmtpLimits.model_validate(wrong)
