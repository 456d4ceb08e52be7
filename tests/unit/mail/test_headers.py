from __future__ import annotations

import pytest

from takeback.mail import message_id
from takeback.mail.headers import MAX_FIELDS, HeaderTooLarge, MalformedHeader, split

MAIL = b"From: a@b\r\nSubject: one\r\n two\r\nTO: c@d\r\nto:e@f\r\n\r\nbody: no field\r\n"


def test_fields_are_spans_of_the_message() -> None:
    header = split(MAIL)
    assert [field.name for field in header.fields] == ["from", "subject", "to", "to"]
    assert b"".join(MAIL[field.start : field.end] for field in header.fields) == MAIL[: header.end]
    assert MAIL[header.body :] == b"body: no field\r\n"
    subject = header.first("SUBJECT")
    assert subject is not None
    assert subject.raw == b" one\r\n two"
    assert header.text("subject") == "one two"
    assert [field.unfolded for field in header.all("To")] == [b"c@d", b"e@f"]
    assert header.count("to") == 2
    assert header.first("cc") is None
    assert header.text("cc") == ""


@pytest.mark.parametrize(
    ("raw", "end", "body"),
    [
        (b"", 0, 0),
        (b"\r\n", 0, 2),
        (b"\r\nFrom: a@b\r\n", 0, 2),
        (b"From: a@b\r\n", 11, 11),
        (b"From: a@b\r\n\r\n", 11, 13),
        (b"A:\r\n \r\nB:\r\n\r\n", 11, 13),
    ],
)
def test_where_the_body_begins(raw: bytes, end: int, body: int) -> None:
    header = split(raw)
    assert (header.end, header.body) == (end, body)


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (b"From: a@b\r\nnot a field\r\nFrom: evil@b\r\n\r\n", 2),
        (b"From ann Mon Nov 23\r\nFrom: a@b\r\n\r\n", 1),
        (b" From: a@b\r\n\r\n", 1),
        (b"From : a@b\r\n\r\n", 1),
        (b"A: b\nFrom: c@d\r\n\r\n", 1),
        (b"A: b\rFrom: c@d\r\n\r\n", 1),
        (b"A: b\n\nC: d\r\n\r\n", 1),
        (b"A: b\0c\r\n\r\n", 1),
        (b"\xc3\xa9: b\r\n\r\n", 1),
        (b": b\r\n\r\n", 1),
        (b"A: b\r\nB: no line end", 2),
    ],
)
def test_what_readers_could_read_differently_is_refused(raw: bytes, line: int) -> None:
    with pytest.raises(MalformedHeader, match=f"line {line} "):
        split(raw)


@pytest.mark.parametrize(
    ("size", "complete", "fits"),
    [(100, True, True), (101, True, False), (100, False, True), (101, False, False)],
)
def test_size_limit(size: int, complete: bool, fits: bool) -> None:
    raw = b"A: " + b"x" * (size - 5) + b"\r\n" + (b"\r\nbody\r\n" * 50 if complete else b"")
    if fits:
        assert split(raw, limit=100).end == size
    else:
        with pytest.raises(HeaderTooLarge):
            split(raw, limit=100)


def test_field_limit() -> None:
    assert len(split(b"A:\r\n" * MAX_FIELDS).fields) == MAX_FIELDS
    with pytest.raises(HeaderTooLarge):
        split(b"A:\r\n" * (MAX_FIELDS + 1))


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"plain", "plain"),
        (b"=?utf-8?B?2YXYsdit2KjYpw==?=", "مرحبا"),
        (b"=?UTF-8*ar?b?2YXYsdit2KjYpw==?=", "مرحبا"),
        (b"=?iso-8859-1?Q?caf=E9_noir?= rest", "café noir rest"),
        (b"=?utf-8?q?caf=C3?=\r\n =?utf-8?q?=A9?=", "café"),
        (b"=?utf-8?q?a?= =?iso-8859-1?q?=E9?=", "aé"),
        (b"=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c"),
        (b"=?windows-1256?Q?=E3=D1=CD=C8=C7?=", "مرحبا"),
        (b"=?gb2312?B?xOO6ww==?=", "你好"),
        ("naïve".encode(), "naïve"),
        (b"caf\xe9", "caf\ufffd"),
        (b"=?no-such?q?caf=E9?=", "caf\ufffd"),
        (b"=?zlib?q?x?= =?unicode_escape?q?=5Cn?=", "x\\n"),
        (b"=?utf-8?b?a?=", "\ufffd"),
        (b"=?utf-8?b?YQ?=", "a"),
        (b"=?utf-8?q?=41=?=", "A"),
        (b"=?utf-8?q?a=00b?=", "a\ufffdb"),
        (b"=?utf-8?x?a?= =? ?= =?", "=?utf-8?x?a?= =? ?= =?"),
        (b"a\r\n\t b", "a b"),
    ],
)
def test_decoded_text(raw: bytes, text: str) -> None:
    assert split(b"Subject: " + raw + b"\r\n\r\n").text("subject") == text


def test_decoded_text_is_bounded() -> None:
    header = split(b"Subject: " + b"=?utf-8?q?abc?= " * 10_000 + b"\r\n\r\n")
    assert header.text("subject", limit=10) == "abcabcabca"


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        (b"Message-ID: <a@b>\r\n", "<a@b>"),
        (b"message-id:\r\n <a@b> \r\n", "<a@b>"),
        (b"Message-ID: <no-at>\r\n", "<no-at>"),
        ("Message-ID: <ü@b>\r\n".encode(), "<ü@b>"),
        (b"Message-ID: <a@b>\r\nMessage-ID: <a@b>\r\n", ""),
        (b"Message-ID: <a@b> <c@d>\r\n", ""),
        (b"Message-ID: <a b@c>\r\n", ""),
        (b"Message-ID: a@b\r\n", ""),
        (b"Message-ID: <>\r\n", ""),
        (b"Message-ID: <a\x1b@b>\r\n", ""),
        (b"Message-ID: <a\xff@b>\r\n", ""),
        (b"Message-ID: <a@" + b"b" * 900 + b">\r\n", ""),
        (b"Subject: x\r\n", ""),
    ],
)
def test_usable_message_id(fields: bytes, found: str) -> None:
    assert message_id.of(split(fields + b"\r\n")) == found


def test_new_message_id_is_usable() -> None:
    fresh = message_id.new("0abc", "mail.example.com")
    assert message_id.of(split(f"Message-ID: {fresh}\r\n\r\n".encode())) == fresh
