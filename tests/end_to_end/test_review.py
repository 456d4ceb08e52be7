"""Review as its users meet it: the real gateway with the rules and the configuration that it is shipped with."""

from __future__ import annotations

import mailbox
import smtplib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.running import Gateway, call_command, running, submit, until

ANN = "ann@example.com"
BOB = "bob@partner.test"
"""Somebody outside, to whom she has often written."""
SARA = "sara@example.com"
SECRET = "Use AKIAIOSFODNN7REALKEY for the upload, please."


def mail(to: str, subject: str, text: str, sender: str = ANN) -> bytes:
    lines = [
        f"From: {sender}",
        f"To: {to}",
        f"Subject: {subject}",
        f"Message-ID: <{subject.split()[-1]}@example.com>",
    ]
    return "\r\n".join([*lines, "", text, ""]).encode()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Everything as it is without a word of configuration, but that windows are short and the sender is written to."""
    folder = tmp_path_factory.mktemp("review")
    file = folder / "takeback.toml"
    file.write_text(f"""
[data]
folder = "data"
reserve = "0B"
[smtp]
hostname = "gateway.example.com"
listen = ["127.0.0.1:0"]
[[smtp.trusted]]
network = "127.0.0.0/8"
account = "{ANN}"
may_send_as = ["*@example.com"]
[organisation]
domains = ["example.com"]
[http]
listen = []
[hold]
window = "1s"
[[hold.rule]]
when = {{ finding = "secret", recipients = "external" }}
window = "until released"
[review]
timeout = "60s"
notify = true
[[relay]]
to = "maildir://{folder}/box/{{address}}"
""")
    write_past(folder / "Sent")
    imported = call_command("history", "import", str(folder / "Sent"), "--account", ANN, "--config", str(file))
    assert imported.out == f"Counted 40 messages in the history of {ANN}.\n"
    with running(file) as started:
        yield started


def write_past(path: Path) -> None:
    box = mailbox.mbox(path)
    for number in range(40):
        to = (f"Bob Marsh <{BOB}>", f"Sara Hill <{SARA}>")[number % 2]
        box.add(
            mail(to, f"Weekly numbers {number}", "As agreed, the numbers of this week are fine.").replace(
                b"\r\n", b"\n"
            )
        )
    box.close()


def send(gateway: Gateway, to: str, subject: str, text: str) -> str:
    with smtplib.SMTP("127.0.0.1", gateway.port, timeout=30) as session:
        return submit(session, ANN, [to], mail(to, subject, text))


def shown(gateway: Gateway, id: str) -> dict[str, Any]:
    document: dict[str, Any] = gateway.command("show", id, "--json").json
    return document


def reviewed(gateway: Gateway, id: str) -> dict[str, Any]:
    """The message once its review is in."""

    def look() -> dict[str, Any] | None:
        document = shown(gateway, id)
        return document if "reviewed" in [event["kind"] for event in document["events"]] else None

    return until(look, "the review", 30) or {}


def state(gateway: Gateway, id: str) -> str:
    return str(shown(gateway, id)["recipients"][0]["state"])


def test_ordinary_mail_leaves_when_it_is_due(gateway: Gateway) -> None:
    ids = [
        send(gateway, BOB, "Weekly numbers w1", "The numbers of this week are fine as well."),
        send(gateway, SARA, "Weekly numbers w2", "Sara,\r\n\r\nSee you on the usual call."),
    ]
    for id in ids:
        until(lambda id=id: state(gateway, id) == "sent", "ordinary mail to leave", 30)  # type: ignore[misc]
        assert shown(gateway, id)["findings"] == []


def test_a_secret_that_goes_outside_is_kept_until_it_is_released(gateway: Gateway) -> None:
    id = send(gateway, BOB, "Access a1", SECRET)
    document = reviewed(gateway, id)
    [recipient] = document["recipients"]
    assert (recipient["state"], recipient["due_at"]) == ("held", None)
    worst = document["findings"][0]
    assert (worst["code"], worst["effect"], worst["judgement"]) == ("secret", "held", None)
    assert "partner.test" in worst["reason"]["en"] and any(
        "\u0600" <= each <= "\u06ff" for each in worst["reason"]["ar"]
    )
    assert "AKIAIOSFODNN7REALKEY" not in str(document["findings"]), "it would be stored once more"
    assert f"[{worst['code']}] Access a1" in gateway.command("outbox").out
    told = gateway.command("show", id).out
    assert "Likely mistake" in told and worst["reason"]["en"][:20] in told
    assert not any(SECRET.encode() in each for each in gateway.mailbox(BOB))
    assert gateway.command("release", id).status == 0
    until(lambda: state(gateway, id) == "sent", "what was released to leave", 30)
    assert shown(gateway, id)["findings"][0]["judgement"] == "wrong"


def test_the_sender_is_written_to(gateway: Gateway) -> None:
    id = send(gateway, BOB, "Access a2", SECRET)
    reviewed(gateway, id)
    notices = until(
        lambda: [
            each for each in gateway.mailbox(ANN) if id.encode() in each.replace(b"=\n", b"").replace(b"=\r\n", b"")
        ],
        "the notice",
        30,
    )
    assert b"Access a2" not in notices[0] and b"AKIAIOSF" not in notices[0]
    assert gateway.command("undo", id).status == 0
    assert shown(gateway, id)["findings"][0]["judgement"] == "right"


def test_a_secret_that_stays_inside_is_not_kept(gateway: Gateway) -> None:
    id = send(gateway, SARA, "Access a3", SECRET)
    until(lambda: state(gateway, id) == "sent", "mail among ourselves to leave", 30)


def test_a_lookalike_of_a_contact_waits_and_is_not_told_again_once_it_is_fine(gateway: Gateway) -> None:
    near = "bob@partmer.test"
    document = reviewed(gateway, send(gateway, near, "Weekly numbers n1", "The numbers of this week are fine."))
    about = [each["code"] for each in document["findings"] if each["where"].get("recipient") == near]
    assert about and document["recipients"][0]["state"] == "held"
    for code in set(about):
        ran = gateway.command("review", "fine", document["id"], code, "--json")
        assert ran.status == 0 and all(each["code"] == code for each in ran.json)
    again = reviewed(gateway, send(gateway, near, "Weekly numbers n2", "The numbers of this week are fine."))
    assert [each["code"] for each in again["findings"] if each["where"].get("recipient") == near] == []
    assert gateway.command("undo", document["id"]).status == 0


def test_figures_say_what_people_made_of_findings(gateway: Gateway) -> None:
    figures = {each["code"]: each for each in gateway.command("review", "stats", "--json").json}
    secret = figures["secret"]
    assert (secret["right"], secret["wrong"], secret["precision"]) == (1, 1, 0.5)
    assert "secret" in gateway.command("review", "stats").out


def test_nobody_can_call_fine_what_was_not_found(gateway: Gateway) -> None:
    id = send(gateway, SARA, "Weekly numbers f1", "Nothing in it.")
    assert gateway.command("review", "fine", id, "secret").status == 4
    assert gateway.command("review", "fine", "nothing", "secret").status == 4
    assert gateway.command("review", "fine", id, "secret", "--account", "eve@example.com").status == 4


def test_what_was_sent_becomes_history_that_can_be_seen_and_erased(gateway: Gateway) -> None:
    cat = "cat@partner.test"
    id = send(gateway, cat, "Hello h1", "Nice to meet you at the fair. The talk was good.")
    reviewed(gateway, id)
    gateway.command("release", id)

    def written_to() -> bool:
        counters = gateway.command("history", "show", "--account", ANN, "--json").json["counters"]
        return f'["{cat}"]' in [each["key"] for each in counters if each["kind"] == "sent"]

    until(written_to, "what was sent to be learned", 30)
    assert "Bob Marsh" in gateway.command("history", "show", "--account", ANN).out
    assert gateway.command("history", "erase", "--account", ANN).out.startswith("Erased ")
    assert gateway.command("history", "show", "--account", ANN).out == f"Nothing is remembered of {ANN}.\n"
