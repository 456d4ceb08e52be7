from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from takeback.clock import HOUR
from takeback.mail.compose import SystemMail
from takeback.mail.notices import Kept, Occasion, kept

BASE = Kept(
    occasion=Occasion.LATE,
    to="ann@example.org",
    hostname="mail.example.com",
    message_id="<n1@mail.example.com>",
    now=9 * HOUR,
    message="0abc",
    recipients=("bob@example.net",),
    subject="secret plan",
    due_at=HOUR,
)


def read(mail: SystemMail) -> tuple[EmailMessage, str]:
    message = message_from_bytes(mail.data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert message.defects == []
    return message, message.get_content().replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("occasion", "english", "arabic"),
    [
        (Occasion.LATE, "was due while Takeback was not running", "والبرنامج متوقّف"),
        (Occasion.CLOCK_STEP, "The clock of the server jumped", "قفزت ساعة الخادم"),
    ],
)
def test_notice(occasion: Occasion, english: str, arabic: str) -> None:
    mail = kept(replace(BASE, occasion=occasion))
    message, text = read(mail)
    first, second = text.split("-" * 40)
    assert english in first
    assert arabic in second
    for half in (first, second):
        for line in (
            "bob@example.net",
            "takeback release 0abc",
            "takeback undo 0abc",
            "secret plan",
            "1970-01-01 01:00:00 UTC",
        ):
            assert f"\n    {line}\n" in half
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Subject"] == "Your message was kept and not sent / عُلِّقت رسالتك ولم تُرسَل"
    assert not mail.smtputf8
    assert not mail.eight_bit


def test_what_is_not_known_is_not_said() -> None:
    _, text = read(kept(replace(BASE, subject="", due_at=None)))
    assert "subject" not in text
    assert "due at" not in text


def test_hostile_subject_and_addresses_are_shown_not_obeyed() -> None:
    mail = kept(replace(BASE, subject="\x1b[31m\u202ex\r\n\r\nY", recipients=("b\r\n@c", "d\u200b@e")))
    _, text = read(mail)
    assert "    ␛[31m\\u202ex␍␊␍␊Y\n" in text
    assert "    b␍␊@c\n    d\\u200b@e\n" in text


def test_long_lists_are_counted() -> None:
    _, text = read(kept(replace(BASE, recipients=tuple(f"user{n}@b" for n in range(103)))))
    assert "user99@b" in text
    assert "user100@b" not in text
    assert text.count("    3\n") == 2
    assert "هذه العناوين" in text


def test_international_sender() -> None:
    assert kept(replace(BASE, to="أحمد@مثال.إختبار")).smtputf8
