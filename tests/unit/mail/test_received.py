from __future__ import annotations

from dataclasses import replace

import pytest

from takeback.mail.headers import split
from takeback.mail.received import Submission, hops, received

BASE = Submission(
    helo="client.example", client="192.0.2.1", hostname="mail.example.com", id="0abc", at=1_000_000, tls=True,
    authenticated=True,
)  # fmt: skip


def test_whole_line() -> None:
    assert received(BASE) == (
        b"Received: from client.example ([192.0.2.1])\r\n"
        b"\tby mail.example.com with ESMTPSA id 0abc;\r\n"
        b"\tThu, 01 Jan 1970 00:00:01 +0000\r\n"
    )


def test_the_client_may_stay_hidden() -> None:
    line = received(replace(BASE, show_client=False))
    assert line.startswith(b"Received: by mail.example.com with ESMTPSA id 0abc;\r\n")


@pytest.mark.parametrize(
    ("esmtp", "tls", "authenticated", "smtputf8", "name"),
    [
        (False, False, False, False, b"SMTP"),
        (True, False, False, False, b"ESMTP"),
        (True, True, False, False, b"ESMTPS"),
        (True, False, True, False, b"ESMTPA"),
        (True, False, False, True, b"UTF8SMTP"),
        (True, True, True, True, b"UTF8SMTPSA"),
    ],
)
def test_protocol(esmtp: bool, tls: bool, authenticated: bool, smtputf8: bool, name: bytes) -> None:
    line = received(replace(BASE, esmtp=esmtp, tls=tls, authenticated=authenticated, smtputf8=smtputf8))
    assert b" with " + name + b" id " in line


@pytest.mark.parametrize(
    ("client", "shown"),
    [
        ("2001:DB8::1", b" ([IPv6:2001:db8::1])"),
        ("::ffff:192.0.2.7", b" ([192.0.2.7])"),
        ("fe80::1%eth0", b" ([IPv6:fe80::1])"),
        ("", b""),
        ("no address", b""),
    ],
)
def test_client_address(client: str, shown: bytes) -> None:
    assert received(replace(BASE, client=client)).startswith(b"Received: from client.example" + shown + b"\r\n\tby")


@pytest.mark.parametrize(
    ("helo", "shown"),
    [
        ("[192.0.2.9]", b"[192.0.2.9]"),
        ("", b"unknown"),
        ("a\r\nFrom: x", b"a??From:?x"),
        ("(x);", b"?x??"),
        ("\x1b[31mé\0", b"?[31m??"),
        ("a" * 500, b"a" * 100),
    ],
)
def test_hostile_names_are_harmless(helo: str, shown: bytes) -> None:
    line = received(replace(BASE, helo=helo))
    assert line.startswith(b"Received: from " + shown + b" ([192.0.2.1])\r\n\tby")
    assert [field.name for field in split(line).fields] == ["received"]


def test_hops() -> None:
    assert hops(split(received(BASE) * 3 + b"X-Received: no\r\n\r\n")) == 3
