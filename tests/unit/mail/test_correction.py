"""What those read whom a recall could not reach."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from takeback.clock import parse_rfc3339
from takeback.mail import headers
from takeback.mail.correction import Correction, Tongue, correction

SENT = parse_rfc3339("2026-11-24T02:55:00Z")
AUTHOR = b"From: Ann =?utf-8?B?2KLZhg==?=\r\n <ann@example.com>\r\n"
CORRECTED = b"From: ann@example.com\r\nSubject: Prices\r\n\r\nNow it is right: 5 \xe2\x82\xac\r\n"


def read(about: Correction) -> EmailMessage:
    data = correction(about)
    headers.split(data)
    assert data.startswith(AUTHOR) and b"\n" not in data.replace(b"\r\n", b"")
    return message_from_bytes(data, policy=default)


@pytest.mark.parametrize("tongue", Tongue)
def test_it_speaks_the_tongue_that_was_chosen(tongue: Tongue) -> None:
    message = read(Correction(AUTHOR, "<1@example.com>", SENT, tongue))
    text = message.get_content()
    assert ("Please disregard it." in text) is (tongue is not Tongue.ARABIC)
    assert ("فنرجو تجاهلها" in text) is (tongue is not Tongue.ENGLISH)
    assert ("disregard" in message["Subject"], "تجاهل" in message["Subject"]) == (
        tongue is not Tongue.ARABIC,
        tongue is not Tongue.ENGLISH,
    )
    assert message["Content-Language"] == {"both": "en, ar"}.get(tongue, tongue.value)
    assert text.count("2026-11-24 02:55:00 UTC") == (2 if tongue is Tongue.BOTH else 1)


def test_it_stands_in_the_thread_and_names_nobody() -> None:
    message = read(Correction(AUTHOR, "<1@example.com>", SENT))
    assert (message["To"], message["In-Reply-To"]) == ("undisclosed-recipients:;", "<1@example.com>")
    assert message["Auto-Submitted"] == "auto-generated"
    assert not {"Cc", "Bcc", "Date", "Message-ID"} & set(message.keys())


def test_the_corrected_message_goes_along_byte_for_byte() -> None:
    about = Correction(AUTHOR, "<1@example.com>", SENT, corrected=CORRECTED)
    message = read(about)
    assert "Prices" not in message["Subject"]
    text, attached = message.iter_parts()
    assert "Please use the corrected message instead" in text.get_content()
    assert attached.get_content_type() == "message/rfc822"
    assert b"\r\n\r\n" + CORRECTED + b"\r\n--" in correction(about)
