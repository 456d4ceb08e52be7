"""The client side under any bytes in any chunks."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from takeback.mail.envelope import Envelope, Recipient
from takeback.smtp.client import ClientSession, Event
from takeback.smtp.client_commands import Mechanism
from takeback.smtp.data import DotDecoder
from takeback.smtp.reply_reader import LONGEST_LINE, MOST_LINES
from takeback.smtp.stuffing import BareLineEnd, Stuffer

TO_TWO = Envelope("ann@a.example", (Recipient("b@b.example"), Recipient("c@c.example")))
MOST_HELD = LONGEST_LINE * (MOST_LINES + 1) * 8
"""More than any session here may hold: it awaits five replies at most."""


def _hello(session: ClientSession, offer: bytes) -> None:
    session.receive(b"220 x\r\n")
    session.hello()
    session.receive(offer)


def greeting(session: ClientSession) -> None:
    pass


def tls(session: ClientSession) -> None:
    _hello(session, b"250-x\r\n250 STARTTLS\r\n")
    session.starttls()


def login(session: ClientSession) -> None:
    _hello(session, b"250-x\r\n250 AUTH LOGIN\r\n")
    session.auth(Mechanism.LOGIN, "ann", "pw")


def pipelined(session: ClientSession) -> None:
    _hello(session, b"250-x\r\n250 PIPELINING\r\n")
    session.begin(TO_TWO, size=3, eight_bit=False)


def one_at_a_time(session: ClientSession) -> None:
    _hello(session, b"250 x\r\n")
    session.begin(TO_TWO, size=3, eight_bit=False)


def dotted(session: ClientSession) -> None:
    pipelined(session)
    session.receive(b"250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n")
    session.dot()


scenes = st.sampled_from([greeting, tls, login, pipelined, one_at_a_time, dotted])
pieces = st.one_of(
    st.sampled_from(
        [b"250 ok\r\n", b"250-", b"550 5.1.1 no\r\n", b"354 go\r\n", b"334 \r\n", b"421 bye\r\n", b"220 x\r\n"]
    ),
    st.sampled_from([b"\r", b"\n", b"\r\n", b"2", b"5", b"4", b"-", b" ", b"\0", b"x" * 2000]),
    st.binary(max_size=6),
)
streams = st.lists(pieces, max_size=30).map(b"".join)


def _play(scene: Callable[[ClientSession], None], lmtp: bool, chunks: list[bytes]) -> tuple[list[Event], bytes, object]:
    session = ClientSession(lmtp=lmtp, hostname="us.example")
    scene(session)
    for chunk in chunks:
        session.receive(chunk)
    events = []
    while (event := session.next_event()) is not None:
        events.append(event)
    return events, session.take_output(), session.state


def _cut(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[start:end] for start, end in itertools.pairwise(places)]


@given(scenes, st.booleans(), streams, st.lists(st.integers(0, 10_000), max_size=8))
def test_the_chunks_make_no_difference(
    scene: Callable[[ClientSession], None], lmtp: bool, data: bytes, cuts: list[int]
) -> None:
    whole = _play(scene, lmtp, [data])
    assert _play(scene, lmtp, _cut(data, cuts)) == whole
    assert _play(scene, lmtp, [data[index : index + 1] for index in range(len(data))]) == whole


@given(scenes, st.sampled_from([b"250-x\r\n", b"250 x\r\n", b"334 \r\n", b"2" * 80, b"354 x\r\n", b"450-x\n"]))
def test_no_flood_is_kept(scene: Callable[[ClientSession], None], flood: bytes) -> None:
    session = ClientSession(lmtp=True, hostname="us.example")
    scene(session)
    for _ in range(200):
        session.receive(flood * 100)
    held = sum(len(str(event)) for event in iter(session.next_event, None))
    assert held + len(session._reader._buffer) < MOST_HELD


lines = st.lists(st.sampled_from([b".", b"..", b"\r\n", b"\r\n.", b"\r\n.\r\n", b"x", b"xyz"]), max_size=30).map(
    b"".join
)


@given(lines, st.lists(st.integers(0, 10_000), max_size=8))
def test_stuffing_is_undone_by_the_receiver_in_any_chunks(body: bytes, cuts: list[int]) -> None:
    body += b"" if not body or body.endswith(b"\r\n") else b"\r\n"
    stuffer = Stuffer()
    stuffed = b"".join(stuffer.stuff(chunk) for chunk in _cut(body, cuts))
    assert stuffer.at_line_start
    decoder = DotDecoder()
    assert decoder.decode(stuffed + b".\r\n") == body
    assert decoder.ended
    assert decoder.unused == b""


@given(
    st.lists(st.sampled_from([b"\r", b"\n", b".", b"x", b"\r\n"]), max_size=12).map(b"".join),
    st.lists(st.integers(0, 100), max_size=6),
)
def test_a_body_goes_through_exactly_where_it_has_no_bare_line_end(body: bytes, cuts: list[int]) -> None:
    bare = body.replace(b"\r\n", b"")
    stuffer = Stuffer()
    try:
        stuffed = b"".join(stuffer.stuff(chunk) for chunk in _cut(body, cuts))
    except BareLineEnd:
        assert b"\r" in bare or b"\n" in bare
        return
    assert b"\n" not in bare
    assert b"\r" not in bare.removesuffix(b"\r")
    assert b"\r\n.\r\n" not in b"\r\n" + stuffed
    assert stuffer.at_line_start is (not body or body.endswith(b"\r\n"))
