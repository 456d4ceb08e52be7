"""Bytes out equal bytes in (promise 3): what arrives is what was sent, below the lines on top."""

from __future__ import annotations

import re

import pytest

from tests.doubles.smarthost import Smarthost
from tests.end_to_end.running import Gateway, letter, until

ANN = "ann@example.com"
SIGNED = (
    b"DKIM-Signature: v=1; a=rsa-sha256;c=relaxed/simple; d=example.com;\r\n"
    b"\th=from:to:subject:date\r\n"
    b" :message-id : takeback-campaign;bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;\r\n"
    b"\tb=AAAA  AAAA\r\n"
    b"\t\tAAAA==\r\n"
    b"FROM:\t ann@example.com \t\r\n"
    b"to:bob@now.example\r\n"
    b"Subject:   =?utf-8?q?caf=C3=A9?=   =?utf-8?q?s?=  \r\n"
    b" \t folded\r\n"
    b"  twice\r\n"
    b"Takeback-Campaign: 42 is signed, so it stays\r\n"
    b"Date: Tue,  1 Dec 2026 10:00:00   +0300\r\n"
    b"Message-ID: <odd.folding@example.com>\r\n"
    b"X-Empty:\r\n"
    b"X-Eight-Bit: caf\xe9 is no UTF-8\r\n"
    b"\r\n"
    b"..two dots, then one alone:\r\n"
    b".\r\n"
    b"   trailing blanks   \r\n"
    b"\r\n"
    b"\x02\x01 and \xff\xfe\r\n"
    b"\r\n\r\n"
)
UNSIGNED = letter(ANN, "plain", "Takeback-Hold: 0s", "Takeback-Note: for us\r\n folded", "X-Kept: yes")
ON_TOP = re.compile(
    rb"Received: from [^\r\n]*(?:\r\n[ \t][^\r\n]*)+\r\nRecall-Lock: sha256:[^\r\n]+(?:\r\n[ \t][^\r\n]*)*\r\n"
    rb"(?P<added>(?:(?:Date|Message-ID): [^\r\n]+\r\n){0,2})(?P<rest>.*)",
    re.DOTALL,
)


def arrived_by_maildir(gateway: Gateway, address: str) -> bytes:
    [found] = until(lambda: gateway.mailbox(address), "the message in the Maildir")
    return found


def arrived_by_smtp(sink: Smarthost, address: str) -> bytes:
    [dot] = until(lambda: [dot for dot in sink.dots if address in dot.recipients], "the message at the sink")
    return dot.body


def without_the_top(arrived: bytes) -> tuple[bytes, bytes]:
    """The names added on top besides Received and Recall-Lock, and everything below."""
    match = ON_TOP.fullmatch(arrived)
    assert match, arrived[:1000]
    return match["added"], match["rest"]


def test_a_signed_message_with_odd_folding(gateway: Gateway, sink: Smarthost) -> None:
    gateway.submit(ANN, ["odd@now.example", "odd@smtp.example"], SIGNED)
    for arrived in (arrived_by_maildir(gateway, "odd@now.example"), arrived_by_smtp(sink, "odd@smtp.example")):
        assert without_the_top(arrived) == (b"", SIGNED)


def test_our_own_fields_go_out_whole_and_what_is_missing_is_added(gateway: Gateway, sink: Smarthost) -> None:
    gateway.submit(ANN, ["own@now.example", "own@smtp.example"], UNSIGNED)
    expected = UNSIGNED.replace(b"Takeback-Hold: 0s\r\nTakeback-Note: for us\r\n folded\r\n", b"")
    for arrived in (arrived_by_maildir(gateway, "own@now.example"), arrived_by_smtp(sink, "own@smtp.example")):
        added, rest = without_the_top(arrived)
        assert rest == expected
        assert re.findall(rb"^([A-Za-z-]+):", added, re.MULTILINE) == [b"Message-ID", b"Date"]


def test_a_bare_line_feed_is_refused_and_not_mended(gateway: Gateway) -> None:
    with gateway.session(ANN) as session:
        session.mail(ANN)
        session.rcpt("bare@now.example")
        session.putcmd("DATA")
        assert session.getreply()[0] == 354
        session.send(letter(ANN) + b"smuggled\n.\nMAIL FROM:<ann@example.com>\r\n.\r\n")
        code, text = session.getreply()
        assert (code, text[:6]) == (554, b"5.6.0 ")
        assert session.noop()[0] == 250
    assert gateway.mailbox("bare@now.example") == []


@pytest.mark.parametrize("size", [998, 2_000, 100_000])
def test_a_line_of_any_length(gateway: Gateway, size: int) -> None:
    message = letter(ANN) + b"x" * size + b"\r\n"
    address = f"long-{size}@now.example"
    gateway.submit(ANN, [address], message)
    assert without_the_top(arrived_by_maildir(gateway, address))[1] == message


def test_chunks(gateway: Gateway) -> None:
    """BDAT cut anywhere (RFC 3030), also between CR and LF."""
    message = letter(ANN, "chunks")
    with gateway.session(ANN) as session:
        session.mail(ANN, ["BODY=8BITMIME"])
        session.rcpt("chunks@now.example")
        for at in range(0, len(message), 7):
            chunk = message[at : at + 7]
            last = at + 7 >= len(message)
            session.send(b"BDAT %d%s\r\n" % (len(chunk), b" LAST" if last else b"") + chunk)
            assert session.getreply()[0] == 250
    assert without_the_top(arrived_by_maildir(gateway, "chunks@now.example"))[1] == message
