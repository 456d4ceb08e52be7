"""Commands by mail, from a real client to the real process: an undo that needs nothing but Send."""

from __future__ import annotations

import email
import re
import smtplib
import threading
from email import policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.end_to_end.running import HOSTNAME, PASSWORD, Gateway, call_command, letter, running, submit, until

UNDO = f"undo@{HOSTNAME}"
CAT = "cat@example.com"


def order(subject: str, text: str = "", *more: str, to: str = UNDO) -> bytes:
    return "\r\n".join([f"From: {CAT}", f"To: {to}", f"Subject: {subject}", *more, "", text, ""]).encode()


def give(gateway: Gateway, message: bytes, *recipients: str, account: str = CAT) -> tuple[int, str]:
    """The final reply to a command."""
    with gateway.session(account) as session:
        session.mail(account)
        for recipient in recipients or (UNDO,):
            session.rcpt(recipient)
        code, text = session.data(message)
        return code, text.decode()


def states(gateway: Gateway, id: str) -> list[str]:
    return [each["state"] for each in gateway.command("show", id, "--json").json["recipients"]]


def message_id(gateway: Gateway, id: str) -> str:
    found: str = gateway.command("show", id, "--json").json["message_id"]
    return found


def answers(gateway: Gateway, address: str = CAT) -> list[EmailMessage]:
    return [email.message_from_bytes(each, policy=policy.default) for each in gateway.mailbox(address)]


def answers_to(command: str, gateway: Gateway) -> list[EmailMessage]:
    return [each for each in answers(gateway) if each["In-Reply-To"] == command]


@pytest.mark.parametrize(("subject", "text"), [("", ""), ("undo", ""), ("تراجع", ""), ("", "Sent from my iPhone")])
def test_the_newest_is_stopped_and_the_reply_says_so(gateway: Gateway, subject: str, text: str) -> None:
    older = gateway.submit(CAT, ["bob@example.net"])
    newest = gateway.submit(CAT, ["a@example.net", "b@example.net", "c@example.net"])
    assert give(gateway, order(subject, text)) == (250, "2.0.0 stopped 3")
    assert states(gateway, newest) == ["undone"] * 3
    assert states(gateway, older) == ["held"]
    assert gateway.command("undo", older).status == 0


def test_what_has_left_is_counted_as_too_late(gateway: Gateway) -> None:
    id = gateway.submit(CAT, ["bob@example.net", "eve@now.example"])
    until(lambda: "sent" in states(gateway, id), "one copy to leave")
    assert give(gateway, order("undo")) == (250, "2.0.0 stopped 1, too late 1")
    assert give(gateway, order("undo")) == (250, "2.0.0 stopped 1, too late 1"), "an undo may be repeated"


def test_a_short_answer_comes_in_both_languages(gateway: Gateway) -> None:
    gateway.submit(CAT, ["bob@example.net"], letter(CAT, "a secret subject"))
    command = "<command@example.com>"
    assert give(gateway, order("undo", "", f"Message-ID: {command}"))[0] == 250

    [answer] = until(lambda: answers_to(command, gateway), "the answer to come")
    text = answer.get_content()
    assert "Stopped for 1 recipient" in text and "أُوقفت لمستلم واحد" in text and "bob@example.net" in text
    assert answer["Auto-Submitted"] == "auto-replied"
    assert "secret" not in answer.as_string()


def test_a_message_is_named_by_its_id_or_by_the_original(gateway: Gateway) -> None:
    meant, newest = gateway.submit(CAT, ["bob@example.net"]), gateway.submit(CAT, ["bob@example.net"])
    assert give(gateway, order("Fwd: hello", "", f"References: {message_id(gateway, meant)}")) == (
        250,
        "2.0.0 stopped 1",
    )
    assert (states(gateway, meant), states(gateway, newest)) == (["undone"], ["held"])
    assert give(gateway, order(f"undo {message_id(gateway, newest)}")) == (250, "2.0.0 stopped 1")
    assert states(gateway, newest) == ["undone"]


def test_the_gateways_id_names_it_and_nobody_elses(gateway: Gateway) -> None:
    foreign = gateway.submit("ann@example.com", ["bob@example.net"])
    meant, newest = gateway.submit(CAT, ["bob@example.net"]), gateway.submit(CAT, ["bob@example.net"])
    code, said = give(gateway, order(f"send {foreign}"))
    assert code == 550 and said.endswith(f"You have sent no message with the id {foreign}; nothing was done")
    assert (states(gateway, foreign), states(gateway, newest)) == (["held"], ["held"])
    assert give(gateway, order(f"undo {meant}")) == (250, "2.0.0 stopped 1")
    assert (states(gateway, meant), states(gateway, newest)) == (["undone"], ["held"])


def test_it_can_be_held_listed_and_sent(gateway: Gateway) -> None:
    id = gateway.submit(CAT, ["bob@smtp2.example"])
    code, text = give(gateway, order("hold until released"))
    assert (code, text) == (250, "2.0.0 held 1, until released")
    assert gateway.command("show", id, "--json").json["recipients"][0]["due_at"] is None
    assert re.fullmatch(
        r"2\.0\.0 held 1, until 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC", give(gateway, order("hold 30m"))[1]
    )
    asked = order("list", "", "Message-ID: <list@example.com>")
    assert re.fullmatch(r"2\.0\.0 [1-9]\d* held or on their way; .*", give(gateway, asked)[1])
    [told] = until(lambda: answers_to("<list@example.com>", gateway), "the list to come")
    assert id in told.get_content()
    assert give(gateway, order("send")) == (250, "2.0.0 sending to 1")
    until(lambda: states(gateway, id) == ["sent"], "it to leave")


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (order("what is this"), "Not understood: what is this"),
        (order("hold for a while"), "'for a while' is not a duration"),
        (order("undo <never@example.com>"), "no message with the Message-ID <never@example.com>"),
        (order("undo", "", "Auto-Submitted: auto-replied"), "Only somebody who has logged in"),
        (b"no header at all\r\n\r\nundo\r\n", "Only somebody who has logged in"),
    ],
)
def test_what_is_no_command_is_refused_and_changes_nothing(gateway: Gateway, message: bytes, said: str) -> None:
    id = gateway.submit(CAT, ["bob@example.net"])
    code, text = give(gateway, message)
    assert code == 550 and said in text and text.endswith("nothing was done")
    assert states(gateway, id) == ["held"]
    gateway.command("undo", id)


def test_the_mail_of_others_cannot_be_named(gateway: Gateway) -> None:
    anns = gateway.submit("ann@example.com", ["bob@example.net"])
    code, text = give(gateway, order(f"undo {message_id(gateway, anns)}"))
    assert code == 550 and "You have sent no message" in text
    assert states(gateway, anns) == ["held"]


@pytest.mark.parametrize("recipients", [("bob@example.net", UNDO), (UNDO, "bob@example.net")])
def test_a_command_goes_alone(gateway: Gateway, recipients: tuple[str, str]) -> None:
    id = gateway.submit(CAT, ["bob@example.net"])
    with gateway.session(CAT) as session:
        session.mail(CAT)
        for recipient in recipients:
            session.rcpt(recipient)
        assert session.docmd("DATA")[1].startswith(b"5.7.1 A command goes alone")
    assert states(gateway, id) == ["held"]


def test_who_sent_it_is_on_record(gateway: Gateway) -> None:
    id = gateway.submit(CAT, ["bob@example.net"])
    assert give(gateway, order("undo"), f"Takeback@{HOSTNAME.upper()}")[0] == 250
    events = gateway.command("show", id, "--json").json["events"]
    assert ("undone", f"mail:{CAT}") in [(event["kind"], event["actor"]) for event in events]


def test_a_null_sender_commands_nobody(gateway: Gateway) -> None:
    with gateway.session(CAT) as session:
        assert session.mail("")[0] == 250
        assert session.rcpt(UNDO)[0] == 250
        assert session.data(order("undo"))[0] == 550


def test_a_trusted_network_commands_nobody(open_gateway: Gateway) -> None:
    with smtplib.SMTP("127.0.0.1", open_gateway.port) as session:
        id = submit(session, "robot@crm.example", ["bob@example.net"], letter("robot@crm.example"))
        session.mail("robot@crm.example")
        code, text = session.rcpt(UNDO)
        assert (code, text.decode()) == (550, "5.7.1 Only somebody who has logged in gives commands; nothing was done")
    assert states(open_gateway, id) == ["held"]


def test_the_undo_is_durable_before_the_reply(gateway: Gateway) -> None:
    """The state is asked for by another process in the same moment."""
    for _ in range(5):
        id = gateway.submit(CAT, ["bob@example.net"])
        assert give(gateway, order("undo"))[0] == 250
        assert states(gateway, id) == ["undone"]


def test_whoever_has_used_up_his_room_can_still_undo(tmp_path: Path) -> None:
    file = tmp_path / "takeback.toml"
    file.write_text(f"""
[data]
folder = "data"
reserve = "0B"
[http]
listen = []
[review]
enabled = false
[smtp]
hostname = "{HOSTNAME}"
listen = ["127.0.0.1:0"]
commands = ["oops@example.com"]
[hold]
window = "1h"
[[relay]]
to = "maildir://{tmp_path}/box/{{address}}"
[limits]
held_messages = 1
""")
    added = call_command("account", "add", CAT, "--password-stdin", "--config", str(file), given=PASSWORD)
    assert added.status == 0, added
    with running(file) as gateway, smtplib.SMTP("127.0.0.1", gateway.port) as session:
        session.login(CAT, PASSWORD)
        submit(session, CAT, ["bob@example.net"])
        session.mail(CAT)
        assert session.rcpt("bob@example.net")[0] == 452
        assert session.rcpt("oops@example.com")[0] == 250
        assert session.data(order("undo")) == (250, b"2.0.0 stopped 1")
        submit(session, CAT, ["bob@example.net"])


def test_what_was_delivered_can_be_recalled(tmp_path: Path) -> None:
    file = tmp_path / "takeback.toml"
    box = tmp_path / "box"
    file.write_text(f"""
[data]
folder = "data"
reserve = "0B"
[smtp]
hostname = "{HOSTNAME}"
listen = ["127.0.0.1:0"]
[http]
listen = []
[review]
enabled = false
[hold]
window = "0s"
[[relay]]
to = "maildir://{box}/{{address}}"
[[mailboxes]]
for = ["*@example.net"]
kind = "maildir"
url = "{box}/{{address}}"
""")
    added = call_command("account", "add", CAT, "--password-stdin", "--config", str(file), given=PASSWORD)
    assert added.status == 0, added
    with running(file) as gateway, smtplib.SMTP("127.0.0.1", gateway.port) as session:
        session.login(CAT, PASSWORD)
        id = submit(session, CAT, ["bob@example.net"])
        until(lambda: len(gateway.mailbox("bob@example.net")) == 1, "it to be delivered")
        until(lambda: states(gateway, id) == ["sent"], "that to be on record")
        session.mail(CAT)
        session.rcpt(UNDO)
        code, text = session.data(order("recall"))
        assert code == 250 and re.fullmatch(rb"2\.0\.0 recall [a-z0-9]+ begun, the report comes by mail", text)
        until(lambda: not gateway.mailbox("bob@example.net"), "it to be taken back")


def test_many_commands_at_once_agree(gateway: Gateway) -> None:
    id = gateway.submit(CAT, ["bob@example.net"])
    replies: list[tuple[int, str]] = []
    threads = [threading.Thread(target=lambda: replies.append(give(gateway, order("undo")))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert replies == [(250, "2.0.0 stopped 1")] * 5
    assert states(gateway, id) == ["undone"]
