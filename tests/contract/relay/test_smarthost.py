"""SMTP and LMTP towards a server that fails in every way it can: each failure has its verdict."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from takeback.mail.envelope import Recipient
from takeback.ports import Consignment, Content, Outcome, Relay, Verdict
from takeback.relay import pool
from takeback.relay.relays import make_relay
from tests.doubles.consignments import MESSAGE, DotMark, consignment, content, relay_section
from tests.doubles.smarthost import EXTENSIONS, Smarthost

SENT, DEFERRED, FAILED, UNKNOWN = Verdict.SENT, Verdict.DEFERRED, Verdict.FAILED, Verdict.UNKNOWN
ONE_AT_A_TIME = [word for word in EXTENSIONS if word != "PIPELINING"]


@asynccontextmanager
async def relay_to(sink: Smarthost, **settings: Any) -> AsyncIterator[Relay]:
    scheme = "lmtp" if sink.lmtp else "smtp"
    relay = make_relay(relay_section(to=f"{scheme}://127.0.0.1:{sink.port}", **settings), "us.example")
    try:
        yield relay
    finally:
        await relay.close()


async def deliver_once(
    sink: Smarthost, what: Consignment, mark: DotMark | None = None, **settings: Any
) -> Sequence[Outcome]:
    async with sink, relay_to(sink, **settings) as relay:
        return await relay.deliver(what, DotMark() if mark is None else mark)


# Before the dot

BEFORE: dict[str, tuple[dict[str, Any], Verdict, str]] = {
    "greeting 554": ({"greet": "554 5.3.2 not you"}, DEFERRED, "554 5.3.2 not you"),
    "greeting 421": ({"greet": "421 4.3.2 full"}, DEFERRED, "421 4.3.2 full"),
    "greeting is no SMTP": ({"greet": "SSH-2.0-OpenSSH"}, DEFERRED, "451 4.5.0"),
    "EHLO put off": ({"hello": "421 4.3.2 later"}, DEFERRED, "421 4.3.2 later"),
    "MAIL 4xx": ({"refuse_sender": "451 4.1.8 who?"}, DEFERRED, "451 4.1.8 who?"),
    "MAIL 5xx": ({"refuse_sender": "550 5.1.8 who?"}, FAILED, "550 5.1.8 who?"),
    "MAIL 421": ({"refuse_sender": "421 4.3.2 bye"}, DEFERRED, "421 4.3.2 bye"),
    "MAIL answered by 354": ({"refuse_sender": "354 go on"}, DEFERRED, "451 4.5.0"),
    "RCPT 4xx": ({"refuse_recipient": {"bob@example.net": "450 4.2.1 busy"}}, DEFERRED, "450 4.2.1 busy"),
    "RCPT 5xx": ({"refuse_recipient": {"bob@example.net": "550 5.1.1 no"}}, FAILED, "550 5.1.1 no"),
    "RCPT 552 for the only one": ({"refuse_recipient": {"bob@example.net": "552 full"}}, FAILED, "552 full"),
    "DATA 4xx": ({"refuse_data": "451 4.3.0 disk"}, DEFERRED, "451 4.3.0 disk"),
    "DATA 5xx": ({"refuse_data": "554 5.7.1 no"}, FAILED, "554 5.7.1 no"),
    "DATA answered by 250": ({"refuse_data": "250 sure"}, DEFERRED, "451 4.5.0"),
    "hangs before 354": ({"hang_before_354": True}, DEFERRED, "421 4.4.2 no answer within 1s"),
    "drops before 354": ({"drop_before_354": True}, DEFERRED, "421 4.4.2 connection lost"),
    "drops in the body": ({"drop_in_body": True}, DEFERRED, "421 4.4.2 connection lost"),
    "552 in the body": ({"refuse_in_body": "552 5.3.4 too big"}, FAILED, "552 5.3.4 too big"),
    "421 in the body": ({"refuse_in_body": "421 4.3.2 going down"}, DEFERRED, "421 4.3.2 going down"),
    "250 in the body": ({"refuse_in_body": "250 2.0.0 enough"}, DEFERRED, "451 4.5.0"),
    "lacks SIZE enough": ({"extensions": ["SIZE 10"]}, FAILED, "552 5.3.4"),
}


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "one at a time"])
@pytest.mark.parametrize("failure", BEFORE)
async def test_trouble_before_the_dot(failure: str, pipelining: bool) -> None:
    fields, verdict, reply = BEFORE[failure]
    sink = Smarthost(**{"extensions": EXTENSIONS if pipelining else ONE_AT_A_TIME, **fields})
    # More than sockets hold: what the server says in the body is heard before the body is out.
    body = content(*[(b"x" * 998 + b"\r\n") * 1000] * 20) if "in the body" in failure else None
    outcomes = await deliver_once(sink, consignment(body=body), command_timeout="1s")
    assert [outcome.verdict for outcome in outcomes] == [verdict]
    assert reply in outcomes[0].reply
    assert outcomes[0].server == ("127.0.0.1" if _said(sink, reply) else "")
    assert sink.dots == []


def _said(sink: Smarthost, reply: str) -> bool:
    """Whether the reply in the outcome is the server's own and not ours about it."""
    theirs = (sink.refuse_sender, sink.refuse_data, sink.refuse_in_body, *sink.refuse_recipient.values())
    return reply in theirs


async def test_no_connection_at_all() -> None:
    sink = await Smarthost().start()
    await sink.close()
    async with relay_to(sink) as relay:
        outcomes = await relay.deliver(consignment("a@x.example", "b@x.example"), DotMark())
    assert [outcome.verdict for outcome in outcomes] == [DEFERRED] * 2
    assert outcomes[0].reply.startswith("421 4.4.1 no connection to smtp://127.0.0.1:")
    assert outcomes[0].server == ""


@pytest.mark.parametrize("extensions", [EXTENSIONS, ONE_AT_A_TIME, ()], ids=["pipelining", "one at a time", "bare"])
@pytest.mark.parametrize("lmtp", [False, True], ids=["smtp", "lmtp"])
async def test_refused_recipients_do_not_keep_the_others_back(extensions: Sequence[str], lmtp: bool) -> None:
    sink = Smarthost(
        lmtp=lmtp,
        extensions=extensions,
        refuse_recipient={"b@x.example": "550 5.1.1 no", "c@x.example": "450 4.2.0 later"},
    )
    mark = DotMark()
    outcomes = await deliver_once(sink, consignment(*(f"{name}@x.example" for name in "abcd")), mark)
    assert [outcome.verdict for outcome in outcomes] == [SENT, FAILED, DEFERRED, SENT]
    assert [outcome.server for outcome in outcomes] == ["127.0.0.1"] * 4
    assert mark.asked == [(0, 3)]
    assert [dot.recipients for dot in sink.dots] == [("a@x.example", "d@x.example")]
    assert sink.dots[0].body == MESSAGE


@pytest.mark.parametrize(
    ("refusal", "verdict"),
    [
        ("452 4.5.3 too many", DEFERRED),
        ("552 5.5.3 too many", DEFERRED),
        ("552 too many", DEFERRED),
        ("552 5.2.2 mailbox full", FAILED),
    ],
)
async def test_too_many_recipients_wait_for_another_time(refusal: str, verdict: Verdict) -> None:
    sink = Smarthost(refuse_recipient={"b@x.example": refusal})
    outcomes = await deliver_once(sink, consignment("a@x.example", "b@x.example"))
    assert [outcome.verdict for outcome in outcomes] == [SENT, verdict]
    assert outcomes[1].reply == refusal


@pytest.mark.parametrize("lmtp", [False, True], ids=["smtp", "lmtp"])
async def test_354_without_recipients(lmtp: bool) -> None:
    """RFC 2920 §3.1: a lone dot, and the connection serves on. In LMTP it would have no answer: dropped."""
    sink = Smarthost(lmtp=lmtp, data_without_recipients=True, refuse_recipient={"bob@example.net": "550 5.1.1 no"})
    async with sink, relay_to(sink) as relay:
        mark = DotMark()
        outcomes = await relay.deliver(consignment(), mark)
        assert [outcome.verdict for outcome in outcomes] == [FAILED]
        assert mark.asked == []
        assert [(dot.recipients, dot.body) for dot in sink.dots] == ([] if lmtp else [((), b"")])
        assert (await relay.deliver(consignment("eve@x.example"), DotMark()))[0].verdict is SENT
        assert sink.connections == (2 if lmtp else 1)


@pytest.mark.parametrize(
    "fields",
    [
        {"refuse_recipient": {"bob@example.net": "550 5.1.1 no"}},
        {"refuse_recipient": {"bob@example.net": "550 5.1.1 no"}, "extensions": ()},
    ],
)
async def test_a_refused_transaction_leaves_the_connection_fit(fields: dict[str, Any]) -> None:
    async with Smarthost(**fields) as sink, relay_to(sink) as relay:
        assert (await relay.deliver(consignment(), DotMark()))[0].verdict is FAILED
        assert (await relay.deliver(consignment("eve@x.example"), DotMark()))[0].verdict is SENT
        assert sink.connections == 1


# From the dot on

AFTER: dict[str, tuple[dict[str, Any], Verdict, str, str]] = {
    "4xx": ({"fail": {1: "451 4.3.0 later"}}, DEFERRED, "451 4.3.0 later", "127.0.0.1"),
    "5xx": ({"fail": {1: "554 5.6.0 no"}}, FAILED, "554 5.6.0 no", "127.0.0.1"),
    "421": ({"fail": {1: "421 4.3.2 bye"}}, DEFERRED, "421 4.3.2 bye", "127.0.0.1"),
    "many lines": ({"fail": {1: "250-2.0.0 one\r\n250 2.0.0 two"}}, SENT, "250 2.0.0 one two", "127.0.0.1"),
    "354": ({"fail": {1: "354 go on"}}, UNKNOWN, "451 4.5.0", ""),
    "garbage": ({"garbage_after_dot": True}, UNKNOWN, "451 4.5.0", ""),
    "hangs": ({"hang_after_dot": True}, UNKNOWN, "421 4.4.2 no answer within 1s", ""),
    "drops": ({"drop_after_dot": True}, UNKNOWN, "421 4.4.2 connection lost", ""),
    "answers late": ({"delay_answer": 0.05}, SENT, "250 2.0.0 taken as 1", "127.0.0.1"),
}


@pytest.mark.parametrize("lmtp", [False, True], ids=["smtp", "lmtp"])
@pytest.mark.parametrize("failure", AFTER)
async def test_trouble_after_the_dot(failure: str, lmtp: bool) -> None:
    fields, verdict, reply, server = AFTER[failure]
    sink = Smarthost(lmtp=lmtp, **fields)
    mark = DotMark()
    outcomes = await deliver_once(sink, consignment("a@x.example", "b@x.example"), mark, answer_timeout="1s")
    assert [outcome.verdict for outcome in outcomes] == [verdict] * 2
    assert outcomes[0].reply.startswith(reply)
    assert outcomes[0].server == server
    assert mark.asked == [(0, 1)]
    assert len(sink.dots) == 1


async def test_lmtp_answers_for_each_recipient() -> None:
    sink = Smarthost(lmtp=True, fail_recipient={"b@x.example": "552 5.2.2 full", "c@x.example": "450 4.2.0 later"})
    outcomes = await deliver_once(sink, consignment(*(f"{name}@x.example" for name in "abcd")))
    assert [outcome.verdict for outcome in outcomes] == [SENT, FAILED, DEFERRED, SENT]
    assert [outcome.delivered for outcome in outcomes] == [True, False, False, True]


async def test_lmtp_answers_that_are_missing_are_unknown() -> None:
    sink = Smarthost(lmtp=True, answers_after_dot=1)
    outcomes = await deliver_once(sink, consignment("a@x.example", "b@x.example"), answer_timeout="1s")
    assert [outcome.verdict for outcome in outcomes] == [SENT, UNKNOWN]


async def test_cancelled_after_the_dot_lets_the_cancellation_through() -> None:
    async with Smarthost(hang_after_dot=True) as sink, relay_to(sink) as relay:
        task = asyncio.ensure_future(relay.deliver(consignment(), DotMark()))
        await sink.until(lambda sink: sink.dots)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(sink.dots) == 1


async def test_connection_lost_while_the_mark_is_set() -> None:
    """The mark is set, but the dot certainly did not leave."""
    async with Smarthost() as sink, relay_to(sink) as relay:

        async def mark_dot(positions: Sequence[int]) -> bool:
            sink.drop_all()
            await asyncio.sleep(0.02)
            return True

        outcomes = await relay.deliver(consignment(), mark_dot)
        assert outcomes[0].verdict is DEFERRED
        assert sink.dots == []


class Deaf(asyncio.Protocol):
    """Asks for the body, and then reads nothing any more."""

    transport: asyncio.Transport
    answer_to_mail = b"250 ok\r\n"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(b"220 x\r\n")

    def data_received(self, data: bytes) -> None:
        if b"EHLO" in data:
            self.transport.write(b"250-x\r\n250 PIPELINING\r\n")
        elif b"DATA" in data:
            self.transport.write(self.answer_to_mail + b"250 ok\r\n354 go on\r\n")
            self.transport.pause_reading()


@asynccontextmanager
async def listening(kind: type[Deaf], tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A server of that kind; gives its URL."""
    conversations: list[Deaf] = []

    def new_conversation() -> Deaf:
        conversations.append(kind())
        return conversations[-1]

    server = await asyncio.get_running_loop().create_server(new_conversation, "127.0.0.1", 0, ssl=tls)
    yield f"{'smtps' if tls else 'smtp'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    for conversation in conversations:
        conversation.transport.abort()
    server.close()
    await asyncio.sleep(0)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
async def test_a_server_that_reads_nothing_keeps_the_mark_back(
    tls: bool, server_tls: ssl.SSLContext, ca_file: Path
) -> None:
    """A smarthost that hangs in the body must not make an undo too late: no mark until the body is out."""
    mark = DotMark()
    async with listening(Deaf, server_tls if tls else None) as to:
        relay = make_relay(relay_section(to=to, command_timeout="1s", ca_file=str(ca_file)), "us.example")
        outcomes = await relay.deliver(consignment(body=content((b"x" * 998 + b"\r\n") * 20_000)), mark)
        await relay.close()
    assert [(outcome.verdict, outcome.reply) for outcome in outcomes] == [(DEFERRED, "421 4.4.2 no answer within 1s")]
    assert mark.asked == []


class RefusesSenderAndGoesOn(Deaf):
    answer_to_mail = b"550 5.1.8 who?\r\n"


async def test_a_server_that_refuses_the_sender_and_asks_for_the_body_gets_nothing() -> None:
    mark = DotMark()
    async with listening(RefusesSenderAndGoesOn) as to:
        relay = make_relay(relay_section(to=to), "us.example")
        outcomes = await relay.deliver(consignment(), mark)
        await relay.close()
    assert [(outcome.verdict, outcome.reply) for outcome in outcomes] == [(FAILED, "550 5.1.8 who?")]
    assert mark.asked == []


# What is passed on, and what cannot be


async def test_dsn_wishes_go_where_dsn_is_offered() -> None:
    wishes = Recipient("bob@example.net", notify="SUCCESS,DELAY", orcpt="rfc822;b+2Bb@example.net")
    sink = Smarthost()
    outcomes = await deliver_once(sink, consignment(wishes, envid="QQ+2B1"))
    assert sink.dots[0].mail.endswith(" RET=HDRS ENVID=QQ+2B1")
    assert sink.dots[0].rcpts == ("RCPT TO:<bob@example.net> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b+2Bb@example.net",)
    assert outcomes[0].reports_itself


async def test_only_what_is_offered_is_used() -> None:
    wishes = Recipient("bob@example.net", notify="SUCCESS", orcpt="rfc822;bob@example.net")
    sink = Smarthost(extensions=())
    outcomes = await deliver_once(sink, consignment(wishes, envid="QQ"))
    assert sink.dots[0].mail == "MAIL FROM:<ann@example.com>"
    assert sink.dots[0].rcpts == ("RCPT TO:<bob@example.net>",)
    assert not outcomes[0].reports_itself


@pytest.mark.parametrize(
    ("what", "extensions", "reply"),
    [
        (consignment(body=content("grüße\r\n".encode())), ["SMTPUTF8"], "554 5.6.3"),
        (consignment("bob@bücher.example", smtputf8=True), ["8BITMIME"], "553 5.6.7"),
        (consignment("bob@bücher.example"), EXTENSIONS, "553 5.1.3"),
        (consignment("bob@example.net> ORCPT=x"), EXTENSIONS, "553 5.1.3"),
        (consignment("bob@example.net>\r\nRCPT TO:<eve@example.net"), EXTENSIONS, "553 5.1.3"),
    ],
)
async def test_what_the_next_server_can_never_take(what: Consignment, extensions: Sequence[str], reply: str) -> None:
    sink = Smarthost(extensions=extensions)
    mark = DotMark()
    outcomes = await deliver_once(sink, what, mark)
    assert outcomes[0].verdict is FAILED
    assert outcomes[0].reply.startswith(reply)
    assert outcomes[0].server == ""
    assert mark.asked == []
    assert sink.transactions == 0
    assert not any(line.startswith(("MAIL", "RCPT")) for line in sink.commands)


async def test_utf8_and_eight_bit_pass_unchanged_where_they_may() -> None:
    body = "Subject: grüße\r\n\r\n…\r\n".encode()
    sink = Smarthost()
    outcomes = await deliver_once(sink, consignment("bob@bücher.example", body=content(body), smtputf8=True))
    assert outcomes[0].verdict is SENT
    assert sink.dots[0].mail == f"MAIL FROM:<ann@example.com> SIZE={len(body)} BODY=8BITMIME SMTPUTF8"
    assert sink.dots[0].recipients == ("bob@bücher.example",)
    assert sink.dots[0].body == body


@pytest.mark.parametrize("body", [b"a\nb\r\n", b"a\rb\r\n", b"a\r\n.\nb\r\n", b"a\r\n.\r\r\n", b"\n.\r\n"])
async def test_a_bare_line_end_never_leaves(body: bytes) -> None:
    mark = DotMark()
    sink = Smarthost()
    outcomes = await deliver_once(sink, consignment(body=content(body)), mark)
    assert outcomes[0].verdict is FAILED
    assert outcomes[0].reply.startswith("554 5.6.0")
    assert mark.asked == []
    assert sink.dots == []


async def test_a_body_without_a_last_line_end_never_leaves() -> None:
    mark = DotMark()
    sink = Smarthost()
    outcomes = await deliver_once(sink, consignment(body=content(b"unfinished")), mark)
    assert outcomes[0].verdict is DEFERRED
    assert mark.asked == []
    assert sink.dots == []


async def test_the_null_sender_and_a_server_without_ehlo() -> None:
    sink = Smarthost(hello="502 5.5.1 what?")
    outcomes = await deliver_once(sink, consignment(sender=""))
    assert outcomes[0].verdict is SENT
    assert sink.dots[0].mail == "MAIL FROM:<>"


# Connections


async def test_connections_are_used_again() -> None:
    async with Smarthost() as sink, relay_to(sink) as relay:
        for _ in range(5):
            assert (await relay.deliver(consignment(), DotMark()))[0].verdict is SENT
        assert sink.connections == 1
        assert len(sink.dots) == 5


async def test_no_more_connections_than_allowed() -> None:
    async with Smarthost(delay_answer=0.01) as sink, relay_to(sink, connections=3) as relay:
        await asyncio.gather(*(relay.deliver(consignment(), DotMark()) for _ in range(12)))
        assert sink.most_at_once == 3
        assert len(sink.dots) == 12


async def test_a_connection_that_died_at_rest_is_replaced_once() -> None:
    async with Smarthost(drop_after=1) as sink, relay_to(sink) as relay:
        for _ in range(4):
            mark = DotMark()
            assert (await relay.deliver(consignment(), mark))[0].verdict is SENT
            assert mark.asked == [(0,)]
        assert len(sink.dots) == 4


async def test_a_connection_that_says_421_when_used_again_is_replaced_once() -> None:
    async with Smarthost() as sink, relay_to(sink) as relay:
        await relay.deliver(consignment(), DotMark())
        sink.refuse_sender = "421 4.4.2 idle too long"
        outcomes = await relay.deliver(consignment(), DotMark())
        assert outcomes[0].verdict is DEFERRED
        assert sink.connections == 2


async def test_a_connection_is_retired_after_its_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "MOST_TRANSACTIONS", 2)
    async with Smarthost() as sink, relay_to(sink) as relay:
        for _ in range(4):
            await relay.deliver(consignment(), DotMark())
        assert sink.connections == 2
        await sink.until(lambda sink: sink.commands.count("QUIT") == 2)


async def test_a_connection_leaves_politely_after_its_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "LONGEST_REST", 0.02)
    async with Smarthost() as sink, relay_to(sink) as relay:
        await relay.deliver(consignment(), DotMark())
        await sink.until(lambda sink: not sink.live)
        assert sink.commands[-1] == "QUIT"


async def test_close_drops_what_is_under_way() -> None:
    async with Smarthost(hang_after_dot=True) as sink, relay_to(sink, connections=1) as relay:
        under_way = asyncio.ensure_future(relay.deliver(consignment(), DotMark()))
        waiting = asyncio.ensure_future(relay.deliver(consignment(), DotMark()))
        await sink.until(lambda sink: sink.dots)
        await relay.close()
        assert (await under_way)[0].verdict is UNKNOWN
        assert (await waiting)[0].verdict is DEFERRED


async def test_evidence_is_bounded() -> None:
    flood = "\r\n".join("550-5.1.1 " + "x" * 900 for _ in range(100)) + "\r\n550 5.1.1 end"
    outcomes = await deliver_once(Smarthost(refuse_sender=flood), consignment())
    assert outcomes[0].verdict is FAILED
    assert len(outcomes[0].reply) == 1000


async def test_the_read_is_closed_when_it_is_not_finished() -> None:
    closed = []

    async def read() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 998 + b"\r\n"
        finally:
            closed.append(True)

    outcomes = await deliver_once(
        Smarthost(drop_in_body=True, extensions=()), consignment(body=Content(1 << 30, False, read))
    )
    assert outcomes[0].verdict is DEFERRED
    assert closed == [True]
