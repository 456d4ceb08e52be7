from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Literal

import pytest

from takeback.clock import HOUR
from takeback.mail.compose import SystemMail
from takeback.mail.dsn import Action, Report, Returned, Status, report, returned, status_code

ORIGINAL = b"From: ann@example.org\r\nSubject: secret plan\r\nMessage-ID: <m@example.org>\r\n"
BASE = Report(
    to="ann@example.org",
    hostname="mail.example.com",
    message_id="<r1@mail.example.com>",
    boundary="b0undary",
    now=3 * HOUR,
    message="0abc",
    arrived_at=HOUR,
    statuses=(Status("bob@example.net", Action.FAILED, "550 5.1.1 No such user", "mx.example.net"),),
    returned=Returned(ORIGINAL, whole=False),
)


def parse(mail: SystemMail) -> EmailMessage:
    """Read by the standard library, which must find nothing to complain about."""
    message = message_from_bytes(mail.data, policy=policy.default.clone(utf8=True))
    assert isinstance(message, EmailMessage)
    for part in message.walk():
        assert part.defects == []
    return message


def parts(mail: SystemMail) -> tuple[str, list[dict[str, str]], EmailMessage]:
    """The human text, the groups of status fields, the returned part."""
    message = parse(mail)
    human, machine, original = message.iter_parts()
    assert isinstance(human, EmailMessage)
    assert isinstance(original, EmailMessage)
    groups: Any = machine.get_payload()
    return human.get_content().replace("\r\n", "\n"), [dict(group.items()) for group in groups], original


def raw_status(mail: SystemMail) -> bytes:
    return mail.data.partition(b"delivery-status\r\n")[2].partition(b"\r\n\r\n")[2].partition(b"\r\n--")[0]


def test_header() -> None:
    message = parse(report(replace(BASE, original_message_id="<m@example.org>")))
    assert message["From"] == "Takeback <MAILER-DAEMON@mail.example.com>"
    assert message["To"] == "ann@example.org"
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["Message-ID"] == "<r1@mail.example.com>"
    assert message["Date"] == "Thu, 01 Jan 1970 03:00:00 +0000"
    assert message["In-Reply-To"] == message["References"] == "<m@example.org>"
    assert message["Subject"] == "Your message was not delivered / لم تُسلَّم رسالتك"
    assert message.get_content_type() == "multipart/report"
    assert message.get_param("report-type") == "delivery-status"


def test_fields_of_the_message() -> None:
    _, groups, _ = parts(report(replace(BASE, envid="QQ+2B1+0D+0AX", future_release="for;60")))
    assert groups[0] == {
        "Reporting-MTA": "dns; mail.example.com",
        "Original-Envelope-Id": "QQ+1??X",
        "Arrival-Date": "Thu, 01 Jan 1970 01:00:00 +0000",
        "Future-Release-Request": "for;60",
    }


def test_fields_of_a_recipient() -> None:
    status = Status(
        "bob@example.net", Action.DELAYED, "451 4.3.0 later", "mx.example.net", orcpt="rfc822;bob+2Bx@example.net",
        attempted_at=2 * HOUR, retry_until=9 * HOUR,
    )  # fmt: skip
    _, groups, _ = parts(report(replace(BASE, statuses=(status,))))
    assert groups[1] == {
        "Original-Recipient": "rfc822; bob+x@example.net",
        "Final-Recipient": "rfc822; bob@example.net",
        "Action": "delayed",
        "Status": "4.3.0",
        "Remote-MTA": "dns; mx.example.net",
        "Diagnostic-Code": "smtp; 451 4.3.0 later",
        "Last-Attempt-Date": "Thu, 01 Jan 1970 02:00:00 +0000",
        "Will-Retry-Until": "Thu, 01 Jan 1970 09:00:00 +0000",
    }


def test_no_answer_is_no_smtp_diagnostic_and_no_remote_server() -> None:
    status = Status("b@c", Action.FAILED, "no connection for 5 days", "")
    _, groups, _ = parts(report(replace(BASE, statuses=(status,))))
    assert groups[1]["Diagnostic-Code"] == "x-takeback; no connection for 5 days"
    assert groups[1]["Status"] == "5.0.0"
    assert "Remote-MTA" not in groups[1]
    assert "Last-Attempt-Date" not in groups[1]


@pytest.mark.parametrize(
    ("reply", "action", "status"),
    [
        ("550 5.1.1 no", Action.FAILED, "5.1.1"),
        ("550-5.7.26 no", Action.FAILED, "5.7.26"),
        ("550 no", Action.FAILED, "5.0.0"),
        ("550 5.1.1.9 no", Action.FAILED, "5.0.0"),
        ("451 4.3.0 later", Action.FAILED, "5.4.7"),
        ("451 4.3.0 later", Action.DELAYED, "4.3.0"),
        ("550 5.1.1 no", Action.DELAYED, "4.0.0"),
        ("250 2.1.5 ok", Action.DELIVERED, "2.1.5"),
        ("250 ok", Action.RELAYED, "2.0.0"),
        ("", Action.FAILED, "5.0.0"),
    ],
)
def test_status_code(reply: str, action: Action, status: str) -> None:
    assert status_code(reply, action) == status


@pytest.mark.parametrize(
    ("action", "count", "english", "arabic"),
    [
        (Action.FAILED, 1, "could not be delivered to this address:", "تعذّر تسليم رسالتك إلى هذا العنوان:"),
        (Action.FAILED, 2, "could not be delivered to these two addresses:", "إلى هذين العنوانين:"),
        (Action.FAILED, 3, "could not be delivered to these addresses:", "إلى هذه العناوين:"),
        (Action.DELAYED, 1, "takeback undo 0abc", "للتراجع عنها قبل أن تغادر:"),
        (Action.RELAYED, 1, "does not confirm delivery", "لا يؤكّد ذلك الخادم التسليم"),
        (Action.DELIVERED, 11, "not that it was read", "هذه العناوين:"),
    ],
)
def test_text(action: Action, count: int, english: str, arabic: str) -> None:
    statuses = tuple(Status(f"user{number}@example.net", action, "") for number in range(count))
    text, groups, _ = parts(report(replace(BASE, statuses=statuses)))
    first, second = text.split("-" * 40)
    assert english in first
    assert arabic in second
    for half in (first, second):
        for status in statuses:
            assert half.count(f"\n    {status.address}\n") == 1
    assert len(groups) == 1 + count
    assert "secret plan" not in text


def test_the_gravest_fate_gives_the_subject() -> None:
    statuses = (Status("a@b", Action.DELIVERED, ""), Status("c@d", Action.DELAYED, "", retry_until=9 * HOUR))
    message = parse(report(replace(BASE, statuses=statuses)))
    assert message["Subject"] == "Your message is delayed / تأخّر تسليم رسالتك"
    text, _, _ = parts(report(replace(BASE, statuses=statuses)))
    assert "1970-01-01 09:00:00 UTC" in text
    assert "was delivered to this address:\n\n    a@b\n" in text


def test_hostile_text_forges_nothing() -> None:
    status = Status(
        "b@c\r\nBcc: x@y", Action.FAILED, "550 5.1.1 \x1b[31mno\r\nAction: delivered\r\n\r\nX" + "y" * 2000,
        server="mx\r\nA: b", orcpt="rfc822;+0D+0AAction:+20delivered",
    )  # fmt: skip
    mail = report(replace(BASE, to="a@b\r\nBcc: x@y", statuses=(status,), future_release="for;1\r\n\r\nX: y"))
    text, groups, _ = parts(mail)
    assert "Bcc" not in parse(mail)
    assert len(groups) == 2
    assert groups[1]["Action"] == "failed"
    assert "\x1b" not in text
    assert "Remote-MTA" not in groups[1]
    assert raw_status(mail).isascii()
    assert max(map(len, mail.data.split(b"\r\n"))) <= 998
    assert mail.data.count(b"\n") == mail.data.count(b"\r\n") == mail.data.count(b"\r")


def test_international_report() -> None:
    statuses = (Status("أحمد@مثال.إختبار", Action.FAILED, "550 5.1.1 لا يوجد"),)
    mail = report(replace(BASE, to="ünï@example.org", statuses=statuses))
    assert mail.smtputf8
    assert mail.eight_bit
    message = message_from_bytes(mail.data, policy=policy.default.clone(utf8=True))
    assert isinstance(message, EmailMessage)
    assert message["To"] == "ünï@example.org"
    kinds = [part.get_content_type() for part in message.iter_parts()]
    assert kinds[1] == "message/global-delivery-status"
    assert "Final-Recipient: utf-8; أحمد@مثال.إختبار\r\n".encode() in mail.data
    assert "Diagnostic-Code: smtp; 550 5.1.1 لا يوجد\r\n".encode() in mail.data


def test_a_plain_report_is_seven_bit() -> None:
    mail = report(replace(BASE, statuses=(Status("b@c", Action.FAILED, "550 é"),)))
    assert not mail.smtputf8
    assert not mail.eight_bit
    assert b"Diagnostic-Code: smtp; 550 ?\r\n" in mail.data


MESSAGE = ORIGINAL + b"\r\nbody \xff\r\n--b0undary--\r\n"


@pytest.mark.parametrize(
    ("ret", "size", "limit", "whole"),
    [
        ("FULL", len(MESSAGE), len(MESSAGE), True),
        ("FULL", len(MESSAGE), len(MESSAGE) - 1, False),
        ("FULL", len(MESSAGE) + 1, 10_000, False),
        ("HDRS", len(MESSAGE), 10_000, False),
        (None, len(MESSAGE), 10_000, False),
    ],
)
def test_what_goes_back(ret: Literal["FULL", "HDRS"] | None, size: int, limit: int, whole: bool) -> None:
    assert returned(MESSAGE, size, ret, limit) == Returned(MESSAGE if whole else ORIGINAL, whole)


def test_what_goes_back_of_odd_messages() -> None:
    assert returned(b"\r\nbody\r\n", 8, None).content == b""
    assert returned(ORIGINAL, len(ORIGINAL), None).content == ORIGINAL


def test_returned_bytes_are_untouched() -> None:
    mail = report(replace(BASE, returned=Returned(MESSAGE, whole=True)))
    assert b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + MESSAGE + b"\r\n--" in mail.data
    _, _, original = parts(mail)
    assert original.get_content_type() == "message/rfc822"
    assert parse(mail).get_boundary() == "b0undaryx"


@pytest.mark.parametrize(
    ("content", "whole", "kind"),
    [
        (ORIGINAL, False, "text/rfc822-headers"),
        (b"Subject: \xff\r\n", False, "text/rfc822-headers"),
        ("Subject: é\r\n".encode(), False, "message/global-headers"),
        ("Subject: é\r\n\r\nx\r\n".encode(), True, "message/global"),
        ("Subject: e\r\n\r\né\r\n".encode(), True, "message/rfc822"),
    ],
)
def test_kind_of_the_returned_part(content: bytes, whole: bool, kind: str) -> None:
    data = report(replace(BASE, returned=Returned(content, whole))).data
    assert f"Content-Type: {kind}\r\n".encode() in data
    assert content in data
