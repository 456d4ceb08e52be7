"""The client's conversation: which reply answers what, and what is never said."""

from __future__ import annotations

from base64 import b64encode

import pytest

from takeback.mail.envelope import Envelope, Recipient
from takeback.smtp.client import Answer, ClientSession, Event, OutOfOrder, ProtocolError, Stage, State, Unasked
from takeback.smtp.client_commands import Mechanism
from takeback.smtp.stuffing import BareLineEnd

ALL = b"250-x greets you\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 DSN\r\n"
BARE = b"250 x\r\n"
TO_TWO = Envelope("ann@a.example", (Recipient("b@b.example"), Recipient("c@c.example")))


def ready(offer: bytes = ALL, *, lmtp: bool = False) -> ClientSession:
    session = ClientSession(lmtp=lmtp, hostname="us.example")
    session.receive(b"220 hello\r\n")
    session.hello()
    session.receive(offer)
    events(session)
    session.take_output()
    return session


def events(session: ClientSession) -> list[Event]:
    found = []
    while (event := session.next_event()) is not None:
        found.append(event)
    return found


def stages(session: ClientSession) -> list[tuple[Stage, int, int | None]]:
    answers = [event for event in events(session) if isinstance(event, Answer)]
    return [(answer.stage, answer.reply.code, answer.position) for answer in answers]


def in_body(*, lmtp: bool = False) -> ClientSession:
    session = ready(lmtp=lmtp)
    session.begin(TO_TWO, size=5, eight_bit=False)
    session.receive(b"250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n")
    events(session)
    session.take_output()
    return session


def test_hello_tells_what_is_offered() -> None:
    session = ready()
    assert session.state is State.READY
    assert session.extensions["SIZE"] == ("1000",)
    assert session.size_limit == 1000
    assert session.idle


@pytest.mark.parametrize(
    ("offer", "limit"),
    [
        (b"SIZE", None),
        (b"SIZE 0", None),
        (b"SIZE x", None),
        (b"SIZE 7 8", 7),
        (b"SIZE " + b"9" * 99, None),
        (b"size 5", 5),
    ],
)
def test_size_limit(offer: bytes, limit: int | None) -> None:
    assert ready(b"250-x\r\n250 " + offer + b"\r\n").size_limit == limit


def test_pipelined_everything_goes_at_once_and_every_reply_finds_its_command() -> None:
    session = ready()
    session.begin(TO_TWO, size=5, eight_bit=True)
    assert session.take_output() == (
        b"MAIL FROM:<ann@a.example> SIZE=5 BODY=8BITMIME\r\nRCPT TO:<b@b.example>\r\nRCPT TO:<c@c.example>\r\nDATA\r\n"
    )
    session.receive(b"250 ok\r\n550 5.1.1 no\r\n250 ok\r\n354 go\r\n")
    assert stages(session) == [
        (Stage.MAIL, 250, None),
        (Stage.RCPT, 550, 0),
        (Stage.RCPT, 250, 1),
        (Stage.DATA, 354, None),
    ]
    assert session.state is State.BODY
    assert session.accepted == (1,)


def test_without_pipelining_each_command_waits_for_its_forerunner() -> None:
    session = ready(BARE)
    session.begin(TO_TWO, size=5, eight_bit=False)
    said = [session.take_output()]
    for reply in (b"250 ok\r\n", b"450 4.2.0 later\r\n", b"250 ok\r\n", b"354 go\r\n"):
        session.receive(reply)
        said.append(session.take_output())
    assert said == [
        b"MAIL FROM:<ann@a.example>\r\n",
        b"RCPT TO:<b@b.example>\r\n",
        b"RCPT TO:<c@c.example>\r\n",
        b"DATA\r\n",
        b"",
    ]
    assert session.accepted == (1,)


@pytest.mark.parametrize("replies", [b"550 no\r\n", b"250 ok\r\n550 no\r\n550 no\r\n"])
def test_without_pipelining_nothing_follows_a_refusal_of_all(replies: bytes) -> None:
    session = ready(BARE)
    session.begin(TO_TWO, size=5, eight_bit=False)
    session.receive(replies)
    assert session.state is State.REFUSED
    assert b"DATA" not in session.take_output()
    events(session)
    session.rset()
    session.receive(b"250 ok\r\n")
    assert stages(session) == [(Stage.RSET, 250, None)]
    assert session.idle


def test_a_lone_dot_ends_a_body_that_nobody_was_to_get() -> None:
    session = ready()
    session.begin(TO_TWO, size=5, eight_bit=False)
    session.receive(b"250 ok\r\n550 no\r\n550 no\r\n354 go\r\n")
    session.take_output()
    with pytest.raises(OutOfOrder):
        session.body(b"x\r\n")
    session.dot()
    assert session.take_output() == b".\r\n"
    session.receive(b"554 no recipients\r\n")
    assert session.state is State.READY


def test_lmtp_says_lhlo_and_answers_for_each_accepted_recipient() -> None:
    session = in_body(lmtp=True)
    assert session.body(b".x\r\n") == b"..x\r\n"
    session.dot()
    session.receive(b"250 2.1.5 ok\r\n452 4.2.2 full\r\n")
    assert stages(session) == [(Stage.DOT, 250, 0), (Stage.DOT, 452, 1)]
    assert session.idle
    fresh = ClientSession(lmtp=True, hostname="us.example")
    fresh.receive(b"220 x\r\n")
    fresh.hello(extended=False)
    assert fresh.take_output() == b"LHLO us.example\r\n"


def test_the_dot_waits_for_the_end_of_a_line() -> None:
    session = in_body()
    session.body(b"unfinished")
    with pytest.raises(ValueError, match="CRLF"):
        session.dot()
    assert session.take_output() == b""
    session.body(b"\r\n")
    session.dot()
    assert session.take_output() == b".\r\n"


def test_a_bare_line_end_stops_the_body() -> None:
    with pytest.raises(BareLineEnd):
        in_body().body(b"a\nb\r\n")


@pytest.mark.parametrize("refusal", [b"421 4.4.2 bye\r\n", b"552 5.3.4 too big\r\n"])
def test_a_refusal_before_the_dot_ends_the_session(refusal: bytes) -> None:
    session = in_body()
    session.receive(refusal)
    assert isinstance(session.next_event(), Unasked)
    with pytest.raises(OutOfOrder):
        session.dot()


@pytest.mark.parametrize(
    "data",
    [
        b"250 what?\r\n",
        b"hello\r\n",
        b"99 x\r\n",
        b"100 x\r\n",
        b"600 x\r\n",
        b"2500\r\n",
        b"\r\n",
        b"\0" * 5000,
        b"250-a\r\n251 b\r\n",
        b"250-x\r\n" * 129,
        b"2" * 4097,
    ],
)
def test_garbage_is_an_event(data: bytes) -> None:
    session = in_body()
    session.receive(data)
    found = session.next_event()
    assert isinstance(found, ProtocolError), found
    assert session.state is State.ENDED
    session.receive(b"250 ok\r\n")
    assert session.next_event() is None


@pytest.mark.parametrize(
    ("stage", "reply"), [("mail", b"354 go\r\n"), ("data", b"250 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n")]
)
def test_a_reply_that_cannot_answer_its_command(stage: str, reply: bytes) -> None:
    session = ready()
    session.begin(TO_TWO, size=5, eight_bit=False)
    session.receive(reply)
    assert isinstance(events(session)[-1], ProtocolError), stage


def test_421_makes_the_session_unfit_for_another_transaction() -> None:
    session = in_body()
    session.dot()
    session.receive(b"421 4.3.2 bye\r\n")
    assert stages(session) == [(Stage.DOT, 421, None)]
    assert not session.idle


# TLS and login


def test_tls_makes_everything_forgotten() -> None:
    session = ready(b"250-x\r\n250 STARTTLS\r\n")
    session.starttls()
    session.receive(b"220 go\r\n")
    assert stages(session) == [(Stage.STARTTLS, 220, None)]
    session.secured()
    assert session.extensions == {}
    with pytest.raises(OutOfOrder):
        session.begin(TO_TWO, size=5, eight_bit=False)
    session.hello()
    assert session.take_output().endswith(b"EHLO us.example\r\n")


@pytest.mark.parametrize("data", [b"2", b"250 forged\r\n", b"\x16\x03"])
@pytest.mark.parametrize("together", [True, False])
def test_bytes_behind_the_answer_to_starttls(data: bytes, together: bool) -> None:
    session = ready(b"250-x\r\n250 STARTTLS\r\n")
    session.starttls()
    for piece in [b"220 go\r\n" + data] if together else [b"220 go\r\n", data]:
        session.receive(piece)
    assert isinstance(events(session)[-1], ProtocolError)
    with pytest.raises(OutOfOrder):
        session.secured()


def test_a_refused_starttls_leaves_the_session_ready() -> None:
    session = ready()
    session.starttls()
    session.receive(b"454 4.7.0 not now\r\n")
    assert session.state is State.READY
    with pytest.raises(OutOfOrder):
        session.secured()


def b64(text: str) -> bytes:
    return b64encode(text.encode())


@pytest.mark.parametrize(
    ("mechanism", "secret", "dialogue"),
    [
        (Mechanism.PLAIN, "pä", [(b"AUTH PLAIN " + b64("\0ann\0pä"), b"235 ok")]),
        (
            Mechanism.PLAIN,
            "p" * 600,
            [(b"AUTH PLAIN", b"334 "), (b64("\0ann\0" + "p" * 600), b"235 ok")],
        ),
        (
            Mechanism.LOGIN,
            "pw",
            [(b"AUTH LOGIN", b"334 VXNlcm5hbWU6"), (b64("ann"), b"334 UGFzc3dvcmQ6"), (b64("pw"), b"235 ok")],
        ),
        (Mechanism.XOAUTH2, "tok", [(b"AUTH XOAUTH2 " + b64("user=ann\1auth=Bearer tok\1\1"), b"235 ok")]),
        (
            Mechanism.XOAUTH2,
            "tok",
            [(b"AUTH XOAUTH2 " + b64("user=ann\1auth=Bearer tok\1\1"), b"334 eyJ9"), (b"", b"535 5.7.8 no")],
        ),
    ],
)
def test_login(mechanism: Mechanism, secret: str, dialogue: list[tuple[bytes, bytes]]) -> None:
    session = ready()
    session.auth(mechanism, "ann", secret)
    for said, answer in dialogue:
        assert session.take_output() == said + b"\r\n"
        session.receive(answer + b"\r\n")
    assert stages(session) == [(Stage.AUTH, int(dialogue[-1][1][:3]), None)]
    assert session.idle


def test_endless_challenges_end() -> None:
    session = ready()
    session.auth(Mechanism.PLAIN, "ann", "pw")
    session.receive(b"334 \r\n" * 50)
    assert isinstance(session.next_event(), ProtocolError)


# What is never said

HOSTILE = [
    "",
    " ",
    "a b@x.example",
    "a@x.example\r\nRCPT TO:<e@x.example",
    "a\n@x",
    "a\0@x",
    "a>b@x",
    "<a@x",
    "a@x>",
    "a@x y",
    '"a@x',
    '"a\r\n"@x',
    "a@b@c",
    "a@",
    "@x",
    "a\x7f@x",
    "a\x85@x",
    "\ud800@x.example",
    '"a\\\r"@x',
]


@pytest.mark.parametrize("address", HOSTILE)
@pytest.mark.parametrize("utf8", [False, True])
def test_an_address_that_could_break_a_line_is_never_queued(address: str, utf8: bool) -> None:
    session = ready()
    envelopes = [Envelope("a@a.example", (Recipient("b@b.example"), Recipient(address)), smtputf8=utf8)]
    if address:
        envelopes.append(Envelope(address, (Recipient("b@b.example"),), smtputf8=utf8))
    for envelope in envelopes:
        with pytest.raises(ValueError):
            session.begin(envelope, size=1, eight_bit=False)
        assert session.take_output() == b""
        assert session.idle


@pytest.mark.parametrize("value", ["", "a b", "a\r\nDATA", "a\0", "a\x85", "é", "\ud800"])
@pytest.mark.parametrize("field", ["envid", "notify", "orcpt"])
def test_a_parameter_that_could_break_a_line_is_never_queued(field: str, value: str) -> None:
    session = ready()
    recipient = Recipient("b@b.example", **({} if field == "envid" else {field: value}))
    envelope = Envelope("a@a.example", (recipient,), envid=value if field == "envid" else None)
    with pytest.raises(ValueError):
        session.begin(envelope, size=1, eight_bit=False)
    assert session.take_output() == b""


@pytest.mark.parametrize("hostname", ["", "a b", "x\r\nMAIL", "bücher.example"])
def test_a_host_name_that_could_break_a_line(hostname: str) -> None:
    session = ClientSession(lmtp=False, hostname=hostname)
    session.receive(b"220 x\r\n")
    with pytest.raises(ValueError):
        session.hello()
    assert session.take_output() == b""


@pytest.mark.parametrize(
    "address",
    [
        "b@x.example",
        '"a b>c"@x.example',
        '"a\\"b"@x',
        "postmaster",
        "a@[127.0.0.1]",
        "a!%+=@x",
        "@".join(("ü", "bücher.example")),
    ],
)
def test_odd_addresses_that_are_good(address: str) -> None:
    session = ready()
    session.begin(Envelope("", (Recipient(address),), smtputf8=True), size=1, eight_bit=False)
    assert session.take_output().startswith(f"MAIL FROM:<> SIZE=1 SMTPUTF8\r\nRCPT TO:<{address}>\r\n".encode())


def test_a_password_with_nul_is_refused() -> None:
    session = ready()
    with pytest.raises(ValueError, match="NUL"):
        session.auth(Mechanism.PLAIN, "ann", "a\0b")
    assert session.take_output() == b""


@pytest.mark.parametrize("command", ["hello", "starttls", "rset", "quit", "dot", "secured"])
def test_nothing_is_said_before_the_greeting(command: str) -> None:
    session = ClientSession(lmtp=False, hostname="us.example")
    with pytest.raises(OutOfOrder):
        getattr(session, command)()
    assert session.take_output() == b""


def test_quit_ends_the_session() -> None:
    session = ready()
    session.quit()
    assert session.take_output() == b"QUIT\r\n"
    session.receive(b"221 bye\r\n250 more\r\n")
    assert stages(session) == [(Stage.QUIT, 221, None)]
    assert session.state is State.ENDED
