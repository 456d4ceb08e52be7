"""A submission session under whatever octets, cut wherever."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from takeback.smtp import events
from takeback.smtp.data import DotDecoder
from takeback.smtp.events import BodyChunk, BodyEnds, BodyRefused, Closed, Question
from takeback.smtp.replies import Reply
from tests.dialogs.session_peer import Listener, new_session

LINE = 512
NARROW = {"max_size": 60, "text_line": 20, "recipients": 2, "errors": 12, "command_line": LINE, "auth_line": LINE}

FRAGMENTS = [
    *(b"EHLO me\r\n", b"HELO me\r\n", b"RSET\r\n", b"NOOP\r\n", b"QUIT\r\n", b"VRFY x\r\n", b"POST / HTTP/1.1\r\n"),
    *(
        b"MAIL FROM:<a@example.com>\r\n",
        b"MAIL FROM:<> SIZE=5 HOLDFOR=60\r\n",
        b"MAIL FROM:<\xc3\xa9@b.example> SMTPUTF8\r\n",
    ),
    *(b"RCPT TO:<b@example.com>\r\n", b"RCPT TO:<b@example.com> NOTIFY=NEVER\r\n", b"RCPT TO:<>\r\n"),
    *(b"DATA\r\n", b"BDAT 4\r\n", b"BDAT 0 LAST\r\n", b"BDAT 6 LAST\r\n", b"BDAT 70\r\n", b"BDAT x\r\n"),
    *(b"AUTH PLAIN\r\n", b"AUTH LOGIN YW5u\r\n", b"AGEAYg==\r\n", b"AUTH PLAIN AGEAYg==\r\n", b"*\r\n"),
    *(b"\r\n", b".\r\n", b"\r\n.\r\n", b".", b"\r", b"\n", b"..", b"\0", b"text\r\n", b"\xff", b"0123456789" * 3),
    *(b"A" * 600, b"AUTH " + b"B" * 600),
]
OPENING = b"EHLO me\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\n"

fragments = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.binary(max_size=8)), max_size=30).map(b"".join)
conversations = st.one_of(
    st.binary(max_size=200),
    fragments,
    fragments.map(lambda rest: OPENING + b"DATA\r\n" + rest),
    fragments.map(lambda rest: OPENING + rest),
)
cuts = st.lists(st.integers(1, 40), min_size=1, max_size=8)
refusals = st.sampled_from(
    [Reply.of(450, "4.2.0", "Later"), Reply.of(550, "5.7.1", "No"), Reply.of(421, "4.3.2", "Bye")]
)
KINDS: Sequence[type[Question]] = (events.Credentials, events.Mail, events.Rcpt, events.BodyBegins, events.BodyEnds)
answers = st.dictionaries(st.sampled_from(KINDS), st.lists(refusals, max_size=2), max_size=2)


def hold(data: bytes, sizes: Sequence[int], told: Mapping[type[Question], Sequence[Reply]]) -> Listener:
    """A whole conversation, with pieces of these sizes in turn."""
    listener = Listener(new_session(NARROW, secure=True), told)
    start = turn = 0
    while start < len(data):
        size = sizes[turn % len(sizes)]
        listener.feed(data[start : start + size])
        start, turn = start + size, turn + 1
    listener.hang_up()
    return listener


@given(conversations, cuts, answers)
def test_events_do_not_depend_on_the_cuts(
    data: bytes, sizes: Sequence[int], told: Mapping[type[Question], Sequence[Reply]]
) -> None:
    by_octet = hold(data, [1], told)
    in_pieces = hold(data, sizes, told)
    at_once = hold(data, [max(1, len(data))], told)
    assert by_octet.events == in_pieces.events == at_once.events
    assert by_octet.output == in_pieces.output == at_once.output
    assert by_octet.events[-1] == Closed()
    assert max(by_octet.most_buffered, in_pieces.most_buffered, at_once.most_buffered) <= LINE


@given(fragments, cuts)
def test_starttls_among_anything(data: bytes, sizes: Sequence[int]) -> None:
    listener = Listener(new_session(NARROW, may_start_tls=True))
    listener.feed(b"EHLO me\r\n")
    for start in range(0, len(data), sizes[0]):
        listener.feed(data[start : start + sizes[0]])
    listener.feed(b"STARTTLS\r\n" + data)
    listener.hang_up()
    assert listener.events[-1] == Closed()


lines = st.lists(st.one_of(st.sampled_from([b"", b".", b"..", b".x", b"x."]), st.binary(max_size=30)), max_size=20)


@given(lines, cuts, st.booleans())
def test_body_comes_out_as_it_went_in(texts: list[bytes], sizes: Sequence[int], chunked: bool) -> None:
    texts = [re.sub(rb"[\r\n\0]", b"", text) for text in texts]
    body = b"".join(text + b"\r\n" for text in texts)
    stuffed = b"".join((b"." + text if text[:1] == b"." else text) + b"\r\n" for text in texts)
    sent = b"BDAT %d LAST\r\n%b" % (len(body), body) if chunked else b"DATA\r\n" + stuffed + b".\r\n"
    listener = Listener(new_session())
    for start in range(0, len(OPENING + sent), sizes[0]):
        listener.feed((OPENING + sent)[start : start + sizes[0]])
    assert listener.body() == body
    assert listener.events[-1] == BodyEnds(len(body), not body.isascii())
    assert listener.output.endswith(b"250 2.0.0 Kept\r\n")


@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"a", b"\r\n."]), max_size=25).map(b"".join), cuts)
def test_decoder_follows_the_definition(data: bytes, sizes: Sequence[int]) -> None:
    decoder = DotDecoder()
    got, start = b"", 0
    sent = data + b"\r\n.\r\nrest"
    while not decoder.ended:
        got += decoder.decode(sent[start : start + sizes[0]])
        start += sizes[0]
    behind = decoder.unused + sent[start:]
    want, rest = decode_by_lines(sent)
    assert (got, behind) == (want, rest)


def decode_by_lines(sent: bytes) -> tuple[bytes, bytes]:
    """RFC 5321 §4.5.2, word for word: line by line."""
    body = b""
    while True:
        line, _, sent = sent.partition(b"\r\n")
        if line == b".":
            return body, sent
        body += (line[1:] if line[:1] == b"." else line) + b"\r\n"


@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"ab"]), max_size=12).map(b"".join), cuts, st.booleans())
def test_a_bare_line_end_is_always_found(data: bytes, sizes: Sequence[int], chunked: bool) -> None:
    sound = not bare_in(data) and (not data or data.endswith(b"\r\n"))
    body = data if chunked or sound else data + b"\r\n"
    sent = b"BDAT %d LAST\r\n%b" % (len(body), body) if chunked else b"DATA\r\n%b.\r\n" % body
    listener = Listener(new_session())
    for start in range(0, len(OPENING + sent), sizes[0]):
        listener.feed((OPENING + sent)[start : start + sizes[0]])
    refused = any(isinstance(event, BodyRefused) for event in listener.events)
    assert refused == (not sound if chunked else bare_in(body))
    assert b"\n" not in re.sub(rb"\r\n", b"", listener.body())
    assert not any(
        isinstance(event, BodyChunk) and b"\r" in event.data.replace(b"\r\n", b"") for event in listener.events
    )


def bare_in(body: bytes) -> bool:
    rest = body.replace(b"\r\n", b"")
    return b"\r" in rest or b"\n" in rest
