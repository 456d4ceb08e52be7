"""Which way a copy takes, and what its sender hears when it does not arrive."""

from __future__ import annotations

from email import message_from_bytes
from email.message import Message
from email.policy import default

from tests.doubles.smarthost import Smarthost
from tests.end_to_end.running import Gateway, letter, until

ANN = "ann@example.com"
BEN = "ben@example.com"


def test_each_recipient_goes_its_own_way(gateway: Gateway, sink: Smarthost) -> None:
    gateway.submit(ANN, ["ways@smtp.example", "ways@now.example"])
    [dot] = until(lambda: [dot for dot in sink.dots if "ways@smtp.example" in dot.recipients], "the sink's copy")
    assert dot.recipients == ("ways@smtp.example",)
    assert dot.sender == ANN
    until(lambda: gateway.mailbox("ways@now.example"), "the Maildir's copy")


def test_a_route_for_one_sender_is_nobody_elses(gateway: Gateway, sink: Smarthost) -> None:
    """`from`: Ben's provider takes Ben's mail; Ann's to the same address goes to the next route that matches."""
    gateway.submit(BEN, ["shared@bens.example"])
    until(lambda: gateway.mailbox("from-ben/shared"), "Ben's copy by Ben's route")
    gateway.submit(ANN, ["shared@bens.example"])
    [dot] = until(lambda: [dot for dot in sink.dots if "shared@bens.example" in dot.recipients], "Ann's copy")
    assert dot.sender == ANN
    assert len(gateway.mailbox("from-ben/shared")) == 1


def test_a_refused_recipient_is_reported(gateway: Gateway, sink: Smarthost) -> None:
    """RFC 3464, with what RFC 3461, RFC 4865 and RFC 6533 add; the other recipient gets the message."""
    with gateway.session(ANN) as session:
        session.mail(ANN, ["ENVID=order+2B42", "HOLDFOR=1", "RET=HDRS"])
        session.rcpt("nobody@smtp.example", ["ORCPT=rfc822;No+2BBody@old.example", "NOTIFY=FAILURE"])
        session.rcpt("somebody@smtp.example")
        session.data(letter(ANN, "refused", "Message-ID: <refused@example.com>"))
    [raw] = until(lambda: [each for each in gateway.mailbox(ANN) if b"refused@example.com" in each], "the report")
    report = message_from_bytes(raw, policy=default)
    assert report["To"] == ANN
    assert report["Auto-Submitted"] == "auto-replied"
    assert report.get_content_type() == "multipart/report"
    assert report.get_param("report-type") == "delivery-status"
    words, status, returned = report.iter_parts()
    assert "nobody@smtp.example" in words.get_content()
    assert "somebody@smtp.example" not in words.get_content()
    of_message, of_recipient = _blocks(status)
    assert of_message["Reporting-MTA"] == "dns; gateway.example"
    assert of_message["Original-Envelope-Id"] == "order+42"
    assert of_message["Future-Release-Request"] == "for;1"
    assert of_message["Arrival-Date"]
    assert of_recipient["Final-Recipient"] == "rfc822; nobody@smtp.example"
    assert of_recipient["Original-Recipient"] == "rfc822; No+Body@old.example"
    assert of_recipient["Action"] == "failed"
    assert of_recipient["Status"] == "5.1.1"
    assert of_recipient["Diagnostic-Code"] == "smtp; 550 5.1.1 nobody of that name"
    assert returned.get_content_type() == "text/rfc822-headers"
    assert any("somebody@smtp.example" in dot.recipients for dot in sink.dots)


def _blocks(status: Message) -> list[Message]:
    assert status.get_content_type() == "message/delivery-status"
    blocks = status.get_payload()
    assert isinstance(blocks, list)
    return [block for block in blocks if isinstance(block, Message) and block.keys()]


def test_a_report_is_not_reported_on(gateway: Gateway) -> None:
    """The sender's own address refuses: that ends it."""
    with gateway.session(ANN) as session:
        session.mail("")
        session.rcpt("nobody@smtp.example")
        code, text = session.data(letter(ANN, "null sender", "Message-ID: <null@example.com>"))
    assert code == 250
    id = text.split()[1].decode()
    until(lambda: gateway.command("show", id, "--json").json["recipients"][0]["state"] == "failed", "its refusal")
    assert not [each for each in gateway.mailbox(ANN) if b"null@example.com" in each]
