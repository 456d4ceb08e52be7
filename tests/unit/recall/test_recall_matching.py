"""What makes a copy ours: never a stranger's message, always ours whatever a service did to its text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from takeback.mail.digest import BodyDigest
from takeback.mail.recall_lock import lock
from takeback.recall.matching import Identity, Stamp, judge, judge_body

SECRET = b"\5" * 32
ACCOUNT = "ann@example.com"
ID = "<one@example.com>"
FROM = "Ann <ann@example.com>"
DATE = "Tue, 24 Nov 2026 02:55:00 +0000"
LOCK = lock(SECRET, ACCOUNT, ID)


def digest_of(body: bytes) -> bytes:
    digest = BodyDigest()
    digest.update(body)
    return digest.digest()


STAMP = Stamp(ID, ACCOUNT, SECRET, FROM, DATE, digest_of(b"Hello\r\n"))


def header(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"


def ours(*more: str, id: str = ID, from_: str = FROM, date: str = DATE, locks: tuple[str, ...] = (LOCK,)) -> bytes:
    return header(
        *(f"Recall-Lock: {each}" for each in locks), f"From: {from_}", f"Date: {date}", f"Message-ID: {id}", *more
    )


def test_our_message_is_ours() -> None:
    assert judge(ours(), STAMP) is Identity.OURS


@pytest.mark.parametrize(
    "copy",
    [
        ours("X-Signature-Service: did something", "Received: from a by b"),
        ours(locks=("sha256:AAAA", LOCK)),
        ours(locks=(f"sha1:xx {LOCK}",)),
        ours(from_="=?utf-8?q?Ann?= <ann@example.com>"),
        ours(from_="Ann\r\n  <ann@example.com>"),
        ours(date="Tue, 24 Nov 2026\r\n 02:55:00 +0000"),
    ],
)
def test_what_services_do_to_a_header_leaves_it_ours(copy: bytes) -> None:
    assert judge(copy, STAMP) is Identity.OURS


@pytest.mark.parametrize(
    "copy",
    [
        ours(id="<one@example.com>x"),
        ours(id="<x.one@example.com>"),
        ours(id="<ONE@example.com>"),
        ours(from_="Ann <ann@evil.example>"),
        ours(from_="Eve <ann@example.com>"),
        ours(date="Tue, 24 Nov 2026 02:55:01 +0000"),
        ours(locks=(lock(b"\6" * 32, ACCOUNT, ID),)),
        ours(locks=(lock(SECRET, "eve@example.com", ID),)),
        ours(locks=("",)),
        ours(f"From: {FROM}"),
        ours(f"Date: {DATE}"),
        ours(f"Message-ID: {ID}"),
        header(f"Message-ID: {ID}", f"From: {FROM}"),
    ],
)
def test_a_stranger_stays_one(copy: bytes) -> None:
    """A copied lock under another From or Date, a foreign lock under ours, an id that only resembles it."""
    assert judge(copy, STAMP) is Identity.STRANGER


def test_without_a_lock_the_body_decides() -> None:
    assert judge(ours(locks=()), STAMP) is Identity.ASK_BODY
    assert judge_body(digest_of(b"Hello\r\n\r\n"), STAMP) is Identity.OURS
    assert judge_body(digest_of(b"Hello\r\n-- \r\nA footer\r\n"), STAMP) is Identity.UNDECIDED


def test_a_header_that_cannot_be_read_is_not_decided() -> None:
    assert judge(header(f"Message-ID: {ID}", "no field at all"), STAMP) is Identity.UNDECIDED
    assert judge(header("Message-ID: <two@example.com>", "no field at all"), STAMP) is Identity.STRANGER


def test_a_message_without_a_usable_id_is_never_found() -> None:
    nameless = Stamp("", ACCOUNT, SECRET, FROM, DATE, STAMP.body_digest)
    copy = header(f"Recall-Lock: {lock(SECRET, ACCOUNT, '')}", f"From: {FROM}", f"Date: {DATE}")
    assert judge(copy, nameless) is Identity.STRANGER
    assert judge(b"\xff\r\n\r\n", nameless) is Identity.STRANGER


_text = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), min_size=1, max_size=40)


@settings(deadline=None)
@given(secret=st.binary(min_size=32, max_size=32), account=_text, from_=_text, date=_text)
def test_nobody_makes_a_lock_without_the_secret(secret: bytes, account: str, from_: str, date: str) -> None:
    """Whatever strangers write around our Message-ID, with locks of their own: none of it is ours."""
    copy = ours(from_=from_, date=date, locks=(lock(secret, account, ID),))
    assert judge(copy, STAMP) is not Identity.OURS or (secret, account) == (SECRET, ACCOUNT)


@settings(deadline=None)
@given(from_=_text, date=_text)
def test_a_copied_lock_opens_nothing_under_another_name(from_: str, date: str) -> None:
    copy = ours(from_=from_, date=date)
    if (from_.strip(), date.strip()) != (FROM, DATE):
        assert judge(copy, STAMP) is not Identity.OURS


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_have_an_answer(top: bytes) -> None:
    assert judge(top, STAMP) in (Identity.STRANGER, Identity.UNDECIDED)
