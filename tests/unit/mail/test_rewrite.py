from __future__ import annotations

import pytest

from takeback.mail import recall_lock
from takeback.mail.headers import split
from takeback.mail.rewrite import Facts, Rewrite, SignedRecallLock, UnclearHold, hold_wish, rewrite, signed_names

SECRET = bytes(range(32))
SIGNATURE = b"DKIM-Signature: v=1; h=From:Message-ID:\r\n\t Takeback-Note : date; b=x\r\n"
RECEIVED = b"Received: by mail.example.com\r\n"
DATE = "Thu, 01 Jan 1970 00:00:01 +0000"
FACTS = Facts(received=RECEIVED, now=1_000_000, fresh_id="<fresh@mail.example.com>", uid="ann@b", secret=SECRET)


def plan(raw: bytes) -> Rewrite:
    return rewrite(split(raw), FACTS)


def lock_line(message_id: str) -> bytes:
    return f"Recall-Lock: {recall_lock.lock(SECRET, 'ann@b', message_id)}\r\n".encode()


@pytest.mark.parametrize(
    ("raw", "added", "rest", "message_id", "date"),
    [
        (
            b"From: a@b\r\nDate: x\r\nMessage-ID: <m@b>\r\n\r\nbody\r\n",
            lock_line("<m@b>"),
            b"From: a@b\r\nDate: x\r\nMessage-ID: <m@b>\r\n\r\nbody\r\n",
            "<m@b>",
            "x",
        ),
        (
            b"From: a@b\r\n\r\n",
            lock_line(FACTS.fresh_id) + f"Message-ID: {FACTS.fresh_id}\r\nDate: {DATE}\r\n".encode(),
            b"From: a@b\r\n\r\n",
            FACTS.fresh_id,
            DATE,
        ),
        (
            b"Takeback-Hold: 5m\r\nDate: x\r\ntakeback-NOTE: a\r\n b\r\n"
            b"X: y\r\nRECALL-lock: z\r\nMessage-ID: <m@b>\r\n",
            lock_line("<m@b>"),
            b"Date: x\r\nX: y\r\nMessage-ID: <m@b>\r\n",
            "<m@b>",
            "x",
        ),
        (
            b"Message-ID: <m@b>\r\nMessage-ID: <n@b>\r\nDate: x\r\nDate: y\r\n\r\n",
            lock_line(""),
            b"Message-ID: <m@b>\r\nMessage-ID: <n@b>\r\nDate: x\r\nDate: y\r\n\r\n",
            "",
            "x",
        ),
        (
            b"Message-ID: broken id\r\nDate:\r\n\r\n",
            lock_line(""),
            b"Message-ID: broken id\r\nDate:\r\n\r\n",
            "",
            "",
        ),
        (
            SIGNATURE + b"Takeback-Note: y\r\nTakeback-Hold: 1m\r\n\r\n",
            lock_line(""),
            SIGNATURE + b"Takeback-Note: y\r\n\r\n",
            "",
            "",
        ),
    ],
    ids=["complete", "incomplete", "private fields", "several", "unusable", "signed"],
)
def test_rewrite(raw: bytes, added: bytes, rest: bytes, message_id: str, date: str) -> None:
    found = plan(raw)
    assert found.apply(raw) == RECEIVED + added + rest
    assert (found.message_id, found.date) == (message_id, date)
    assert found.growth == len(found.apply(raw)) - len(raw)


def test_a_signed_recall_lock_is_refused() -> None:
    for field in (b"Recall-Lock: sha256:x\r\n", b""):
        with pytest.raises(SignedRecallLock):
            plan(b"DKIM-Signature: a=x; h=from; b=\r\nDKIM-Signature: H = from : recall-LOCK\r\n" + field + b"\r\n")


def test_signed_names_of_all_signatures() -> None:
    raw = b"DKIM-Signature: bh=no:pe; h=From:\r\n To ; b=h\r\nDKIM-Signature: h=cc\r\nDKIM-Signature: \xff;;h\r\n\r\n"
    assert signed_names(split(raw)) == {"from", "to", "cc"}


@pytest.mark.parametrize(
    ("raw", "wish"),
    [
        (b"", None),
        (b"Takeback-Hold: 5m\r\n", "5m"),
        (b"takeback-hold:\r\n until  released\r\n", "until released"),
        (b"Takeback-Hold: 5m\r\nTakeback-Hold:  5m\r\n", "5m"),
        (b"Takeback-Hold:\r\n", ""),
    ],
)
def test_hold_wish(raw: bytes, wish: str | None) -> None:
    assert hold_wish(split(raw + b"\r\n")) == wish


def test_differing_hold_wishes_are_refused() -> None:
    with pytest.raises(UnclearHold):
        hold_wish(split(b"Takeback-Hold: 5m\r\nTakeback-Hold: 6m\r\n\r\n"))
