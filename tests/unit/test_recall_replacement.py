"""The corrected message: the original's author and thread, and nothing else of what the file says about itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.errors import TakebackError
from takeback.mail import headers
from takeback.recall.replacement import CannotReplace, Original, corrected

ORIGINAL = (
    b"Received: by gateway\r\nFrom: Ann\r\n Example <Ann@example.com>\r\nIn-Reply-To: <0@example.com>\r\n"
    b"References: <a@x>\r\n\t<0@example.com>\r\nMessage-ID: <1@example.com>\r\nSubject: Prises\r\n\r\nbody\r\n"
)
KEPT = Original("<1@example.com>", "Ann Example <Ann@example.com>", headers.split(ORIGINAL))
GONE = Original("<1@example.com>", "Ann Example <Ann@example.com>", None)


def top(*fields: str) -> bytes:
    return "".join(f"{field}\r\n" for field in fields).encode() + b"\r\nright\r\n"


def made(original: Original, *fields: str) -> bytes:
    data = top(*fields)
    return corrected(data, original).apply(data)


def test_author_and_thread_are_the_originals() -> None:
    assert made(KEPT, "From: <ann@example.com>", "Subject: Prices", "References: <other@x>") == (
        b"From: Ann\r\n Example <Ann@example.com>\r\nIn-Reply-To: <0@example.com>\r\n"
        b"References: <a@x>\r\n\t<0@example.com>\r\nSupersedes: <1@example.com>\r\nSubject: Prices\r\n\r\nright\r\n"
    )


def test_a_draft_without_an_author_gets_the_originals() -> None:
    assert made(KEPT, "Subject: Prices").startswith(b"From: Ann\r\n Example <Ann@example.com>\r\n")


def test_what_would_leak_or_mislead_is_taken_out() -> None:
    data = made(
        KEPT,
        "Return-Path: <ann@example.com>",
        "Received: from somewhere",
        "Message-ID: <1@example.com>",
        "Date: Tue, 24 Nov 2026 02:55:00 +0000",
        "Bcc: secret@example.com,",
        " another@example.com",
        "Resent-To: secret@example.com",
        "Supersedes: <9@x>",
        "Recall-Lock: sha256:x",
        "To: bob@example.com",
    )
    header = headers.split(data)
    assert [field.name for field in header.fields] == ["from", "in-reply-to", "references", "supersedes", "to"]
    assert b"secret" not in data and b"another" not in data
    assert header.text("supersedes") == "<1@example.com>"


def test_without_the_originals_bytes_the_file_must_say_what_it_said() -> None:
    data = made(GONE, "From: Ann Example <Ann@example.com>", "References: <a@x>", "Message-ID: <2@x>")
    header = headers.split(data)
    assert [field.name for field in header.fields] == ["supersedes", "from", "references"]
    for fields in (["From: Ann <Ann@example.com>"], ["Subject: x"]):
        with pytest.raises(CannotReplace, match="must be that of the original: Ann Example"):
            made(GONE, *fields)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (["From: ben@example.com"], "is from ben@example.com, and the original from Ann@example.com"),
        (["From: ann@example.com, ben@example.com"], "is from"),
        (["From: ann@example.com", "Sender: ben@example.com"], "is from"),
        (["From: ann@example.com", "From: ann@example.com"], "more than one From"),
        (["From: nobody in particular"], "the From of the file cannot be read: "),
        (["From: ann@example.com", "DKIM-Signature: v=1; h=from:to"], "is signed"),
        (["no field"], "the file is no message: line 1"),
    ],
)
def test_the_wrong_file_is_refused(fields: list[str], reason: str) -> None:
    with pytest.raises(CannotReplace, match=reason):
        made(KEPT, *fields)


def test_nothing_can_stand_for_what_has_no_name() -> None:
    with pytest.raises(CannotReplace, match="has no Message-ID"):
        made(Original("", "Ann", None), "From: Ann")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    try:
        changed = corrected(data, KEPT).apply(data)
    except TakebackError as error:
        assert isinstance(error, CannotReplace)
    else:
        assert headers.split(changed).count("from") == 1
