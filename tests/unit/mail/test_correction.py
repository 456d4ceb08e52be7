"""What those read whom a recall could not reach."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from takeback.mail import headers
from takeback.mail.correction import Correction, correction

DATE = "Tue, 24 Nov 2026 02:55:00 +0000"
AUTHOR = b"From: Ann =?utf-8?B?2KLZhg==?=\r\n <ann@example.com>\r\n"


def read(about: Correction) -> EmailMessage:
    data = correction(about)
    headers.split(data)
    assert data.startswith(AUTHOR) and b"\n" not in data.replace(b"\r\n", b"") and data.isascii()
    return message_from_bytes(data, policy=default)


def test_it_speaks_both_languages_and_says_when_the_message_was_sent() -> None:
    message = read(Correction(AUTHOR, "<1@example.com>", DATE))
    text = message.get_content()
    assert "Please disregard it." in text and "فنرجو تجاهلها" in text and text.count(DATE) == 2
    assert message["Subject"] == "Please disregard an earlier message / يُرجى تجاهل رسالة سابقة"
    assert message["Content-Language"] == "en, ar" and "adds" not in text


def test_it_stands_in_the_thread_and_names_nobody() -> None:
    message = read(Correction(AUTHOR, "<1@example.com>", DATE))
    assert (message["To"], message["In-Reply-To"]) == ("undisclosed-recipients:;", "<1@example.com>")
    assert message["References"] == "<1@example.com>" and message["Auto-Submitted"] == "auto-generated"
    assert not {"Cc", "Bcc", "Date", "Message-ID"} & set(message.keys())


def test_what_the_original_does_not_have_is_not_named() -> None:
    message = read(Correction(AUTHOR, "", ""))
    assert "In-Reply-To" not in message and "References" not in message
    assert "sent at" not in message.get_content()


@pytest.mark.parametrize("words", ["The right price is 5 €.", "السعر الصحيح ٥ ريالات", "a\n\nb"])
def test_the_sender_s_words_are_quoted_in_both(words: str) -> None:
    text = read(Correction(AUTHOR, "<1@example.com>", DATE, words)).get_content()
    assert "Its sender adds:" in text and "ويضيف مُرسِلها:" in text
    assert all(text.count(f"    {line}\r\n") == 2 for line in words.splitlines())


def test_long_and_hostile_words_stay_text() -> None:
    message = read(Correction(AUTHOR, "<1@example.com>", DATE, "x" * 600 + "\r\n.\r\n\x1b[2J\u202eevil"))
    text = message.get_content()
    assert text.count("x") >= 1200 and max(map(len, text.splitlines())) < 120
    assert "\x1b" not in text and "\u202e" not in text
