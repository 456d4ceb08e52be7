"""The IMAP core takes any bytes in any pieces: the same events, no exception but the one it names, bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.mailboxes.imap import commands
from takeback.mailboxes.imap.folders import folders_in, namespaces_in
from takeback.mailboxes.imap.responses import MAX_LINE, MAX_LITERAL, NotImap, Piece
from takeback.mailboxes.imap.session import (
    Answer,
    Command,
    Continuation,
    Event,
    Literal,
    Session,
    StreamedLiteral,
    string,
)
from takeback.ports.mailbox import Reference

_FRAGMENTS = [
    b"* OK ready\r\n",
    b"* 1 FETCH (UID 5 FLAGS (\\Seen $Forwarded) MODSEQ (12) BODY[HEADER]<0> {4}\r\nabcd)\r\n",
    b"* 2 FETCH (UID 6 BODY[] {3}\r\nxyz)\r\n",
    b"r1 OK [MODIFIED 5] done\r\n",
    b"r2 NO [OVERQUOTA] full\r\n",
    b"r3 OK [APPENDUID 1 2] {5}\r\n",
    b'* ESEARCH (TAG "r1") UID ALL 3:5,9\r\n',
    b"* SEARCH 1 2 3\r\n",
    b'* LIST (\\HasNoChildren) "." "a\\"b"\r\n',
    b"* LIST () NIL {5}\r\nin\r\nb\r\n",
    b'* NAMESPACE (("" "/")) NIL NIL\r\n',
    b"* OK [PERMANENTFLAGS (\\Answered \\*)] .\r\n",
    b"* BYE shutting down\r\n",
    b"+ go on\r\n",
    b"* 99999999999999999999 EXISTS\r\n",
    b"* 1 FETCH ((((((((((((((\r\n",
    b"* LIST {99999999999}\r\n",
    b"\r\n",
    b"(\x00\xff\r\n",
]
_STREAMS = st.lists(st.sampled_from(_FRAGMENTS) | st.binary(max_size=30), max_size=12).map(b"".join)


def session() -> Session:
    """With something of every kind under way."""
    started = Session()
    for command in (
        Command.of(b"UID FETCH 5 (FLAGS)"),
        Command.of(b"LOGIN ", Literal(b"\xff"), b" x"),
        Command.of(b"UID FETCH 6 (BODY.PEEK[])", streaming=True),
        Command.of(b"APPEND INBOX ", StreamedLiteral(5)),
        Command.of(b"AUTHENTICATE PLAIN", Continuation(b"AGE=")),
    ):
        started.send(command)
    return started


def played(pieces: Iterable[bytes]) -> tuple[list[Event | str], bytes]:
    """Every event, adjacent pieces of a literal as one, and all that went out."""
    under_way = session()
    events: list[Event | str] = []
    out = b""
    try:
        for piece in pieces:
            under_way.receive(piece)
            while (event := under_way.next_event()) is not None:
                if isinstance(event, Piece) and events and isinstance(events[-1], Piece):
                    events[-1] = Piece(events[-1].data + event.data)
                else:
                    events.append(event)
                out += under_way.take_output()
            out += under_way.take_output()
    except NotImap as error:
        events.append(str(error))
    return events, out


@given(_STREAMS, st.lists(st.integers(1, 40), max_size=30))
def test_any_chunking_gives_the_same(stream: bytes, sizes: Sequence[int]) -> None:
    pieces, rest = [], stream
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]
    chunked, _ = played([*pieces, rest])
    single, _ = played(stream[at : at + 1] for at in range(len(stream)))
    assert chunked == single


@given(_STREAMS)
def test_what_an_answer_means_is_said_or_refused(stream: bytes) -> None:
    events, _ = played([stream])
    for event in events:
        if isinstance(event, Answer):
            for read in (
                commands.uids_in,
                commands.selection_in,
                commands.appended,
                lambda answer: commands.fetched([answer]),
                lambda answer: commands.modified(answer, 5),
                folders_in,
                namespaces_in,
            ):
                with suppress(NotImap):
                    read(event)


@pytest.mark.parametrize(
    "endless",
    [b"* OK " + b"x" * (MAX_LINE + 1), b"* LIST () NIL {%d}\r\n" % (MAX_LITERAL + 1), b"*" * (MAX_LINE + 1)],
)
def test_what_has_no_end_is_refused(endless: bytes) -> None:
    events, _ = played([b"* OK hello\r\n", endless])
    assert isinstance(events[-1], str)


def test_more_data_than_was_asked_for_is_refused() -> None:
    flood = b"* 1 FETCH (UID 5 FLAGS ())\r\n" * 1000
    events, _ = played([b"* OK hello\r\n", *[flood] * 30])
    assert events[-1] == "more data than was asked for"


def test_a_large_body_is_given_out_as_it_comes() -> None:
    under_way = Session()
    under_way.send(Command.of(b"UID FETCH 6 (BODY.PEEK[])", streaming=True))
    under_way.receive(b"* OK hello\r\n* 2 FETCH (UID 6 BODY[] {100000000}\r\n")
    under_way.next_event(), under_way.next_event()
    for _ in range(1000):
        under_way.receive(b"x" * 100_000)
        event = under_way.next_event()
        assert isinstance(event, Piece) and len(event.data) == 100_000
        assert under_way.unread == 0
    under_way.receive(b")\r\nr1 OK done\r\n")
    assert isinstance(under_way.next_event(), Answer)


def test_a_literal_waits_for_leave_and_the_next_command_behind_it() -> None:
    under_way = Session()
    under_way.receive(b"* OK hello\r\n")
    under_way.next_event()
    under_way.send(commands.search(Reference("<é@x>"), extended=True))
    under_way.send(Command.of(b"NOOP"))
    assert under_way.take_output() == b"r1 UID SEARCH RETURN (ALL) CHARSET UTF-8 HEADER Message-ID {6}\r\n"
    under_way.receive(b"+ go\r\n")
    assert under_way.next_event() is None
    assert under_way.take_output() == "<é@x>\r\nr2 NOOP\r\n".encode()


def test_a_literal_that_is_refused_is_not_sent() -> None:
    under_way = Session()
    under_way.receive(b"* OK hello\r\n")
    under_way.next_event()
    under_way.send(Command.of(b"APPEND INBOX ", StreamedLiteral(70_000)))
    under_way.send(Command.of(b"NOOP"))
    under_way.take_output()
    under_way.receive(b"r1 NO [OVERQUOTA] full\r\n")
    answer = under_way.next_event()
    assert isinstance(answer, Answer) and answer.status.code == b"OVERQUOTA"
    assert under_way.take_output() == b"r2 NOOP\r\n"


def test_small_literals_do_not_wait_where_they_need_not() -> None:
    under_way = Session()
    under_way.non_synchronizing = True
    under_way.send(Command.of(b"LOGIN ", Literal(b"a\r\nb"), b" ", string(b'say "\\"')))
    assert under_way.take_output() == b'r1 LOGIN {4+}\r\na\r\nb "say \\"\\\\\\""\r\n'
