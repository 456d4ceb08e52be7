"""\"This is fine\" by mail: what the review found is called unfounded with nothing but a client's Send button."""

from __future__ import annotations

import email
import smtplib
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.running import HOSTNAME, PASSWORD, Gateway, call_command, running, submit, until

ANN, EVE = "ann@example.com", "eve@example.com"
BOB = "bob@partner.test"
UNDO = f"undo@{HOSTNAME}"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("fine")
    file = folder / "takeback.toml"
    file.write_text(f"""
[data]
folder = "data"
reserve = "0B"
[smtp]
hostname = "{HOSTNAME}"
listen = ["127.0.0.1:0"]
[organisation]
domains = ["example.com"]
[http]
listen = []
[hold]
window = "1h"
[review]
timeout = "60s"
notify = true
rules = {{ secret = "until released", empty_subject = "notice", placeholder = "until released" }}
[[relay]]
to = "maildir://{folder}/box/{{address}}"
""")
    for account in (ANN, EVE):
        added = call_command("account", "add", account, "--password-stdin", "--config", str(file), given=PASSWORD)
        assert added.status == 0, added
    with running(file) as started:
        yield started


def letter(subject: str, text: str, sender: str = ANN, to: str = BOB, *more: str) -> bytes:
    return "\r\n".join([f"From: {sender}", f"To: {to}", f"Subject: {subject}", *more, "", text, ""]).encode()


def sent(gateway: Gateway, name: str, text: str, sender: str = ANN, subject: str = "Plans for the week") -> str:
    """The id of a message whose review is in; its Message-ID is <name@example.com>."""
    message = letter(subject, text, sender, BOB, f"Message-ID: <{name}@example.com>")
    with smtplib.SMTP("127.0.0.1", gateway.port, timeout=30) as session:
        session.login(sender, PASSWORD)
        id = submit(session, sender, [BOB], message)
    until(lambda: "reviewed" in [each["kind"] for each in shown(gateway, id)["events"]], "the review", 30)
    return id


def shown(gateway: Gateway, id: str) -> dict[str, Any]:
    document: dict[str, Any] = gateway.command("show", id, "--json").json
    return document


def judgements(gateway: Gateway, id: str) -> dict[str, str | None]:
    return {each["code"]: each["judgement"] for each in shown(gateway, id)["findings"]}


def give(gateway: Gateway, message: bytes, account: str = ANN) -> tuple[int, str]:
    """The final reply to a command."""
    with smtplib.SMTP("127.0.0.1", gateway.port, timeout=30) as session:
        session.login(account, PASSWORD)
        session.mail(account)
        session.rcpt(UNDO)
        code, text = session.data(message)
        return code, text.decode()


def order(subject: str, text: str = "", *more: str) -> bytes:
    return letter(subject, text, ANN, UNDO, *more)


def mail_to(gateway: Gateway, address: str) -> list[EmailMessage]:
    return [email.message_from_bytes(each, policy=policy.default) for each in gateway.mailbox(address)]


@pytest.mark.parametrize("word", ["fine", "لا بأس"])
def test_one_word_means_all_of_the_newest_with_findings(gateway: Gateway, word: str) -> None:
    name = f"w{ord(word[0])}"
    id = sent(gateway, name, f"Welcome to [{name} Company Name Insert].\r\nWelcome, {{{{{name}}}}}.", subject="")
    newer = sent(gateway, f"clean{name}", "The numbers of this week are in.")
    code, text = give(gateway, order(word, "", f"Message-ID: <order-{name}@example.com>"))
    codes = list(judgements(gateway, id))
    assert set(codes) == {"placeholder", "empty_subject"}
    assert (code, text) == (250, f"2.0.0 called fine: {', '.join(codes)}; the message waits as before")
    assert set(judgements(gateway, id).values()) == {"wrong"}, "it was done before the reply"
    assert [shown(gateway, each)["recipients"][0]["state"] for each in (id, newer)] == ["held", "held"]
    assert ("fine", f"mail:{ANN}") in [(each["kind"], each["actor"]) for each in shown(gateway, id)["events"]]

    [answer] = until(
        lambda: [each for each in mail_to(gateway, ANN) if each["In-Reply-To"] == f"<order-{name}@example.com>"],
        "the answer",
        30,
    )
    told = answer.get_content()
    assert "These doubts count as unfounded:" in told and "The subject is empty" in told
    assert "عُدَّت هذه الملاحظات في غير محلّها" in told and "الرسالة بلا موضوع" in told


def test_what_was_called_fine_is_not_told_again_and_something_else_is(gateway: Gateway) -> None:
    first = sent(gateway, "first", "Welcome to [Client Name].")
    assert give(gateway, order("", "Fine placeholder"))[0] == 250
    assert judgements(gateway, first) == {"placeholder": "wrong"}
    again = sent(gateway, "again", "Once more, about [client name].")
    other = sent(gateway, "other", "Welcome to [Your Company].")
    assert judgements(gateway, again) == {}
    assert judgements(gateway, other) == {"placeholder": None}


def test_a_message_and_a_code_can_be_named(gateway: Gateway) -> None:
    text = "Welcome to [Event Name].\r\nUse AKIAIOSFODNN7REALKEY for the upload, please."
    meant, newer = sent(gateway, "meant", text), sent(gateway, "newer", text)
    code, said = give(gateway, order("fine secret <meant@example.com>"))
    assert (code, said) == (250, "2.0.0 called fine: secret; the message waits as before")
    assert judgements(gateway, meant) == {"secret": "wrong", "placeholder": None}
    assert judgements(gateway, newer) == {"secret": None, "placeholder": None}
    assert give(gateway, order("fine", "<meant@example.com>"))[1].startswith("2.0.0 called fine: secret, placeholder")


def test_the_notice_can_be_answered(gateway: Gateway) -> None:
    id = sent(gateway, "noticed", "Welcome to [Order Number].")
    sent(gateway, "later", "Welcome to [Job Title].")
    [notice] = until(
        lambda: [each for each in mail_to(gateway, ANN) if each["In-Reply-To"] == "<noticed@example.com>"],
        "the notice",
        30,
    )
    assert notice["Reply-To"] == UNDO
    quoted = "".join(f"> {line}\r\n" for line in notice.get_content().splitlines())
    reply = order(
        f"Re: {notice['Subject']}",
        f"سليمة\r\n\r\nOn Monday Takeback wrote:\r\n{quoted}",
        f"In-Reply-To: {notice['Message-ID']}",
        f"References: {notice['References']} {notice['Message-ID']}",
    )
    assert give(gateway, reply)[0] == 250
    assert judgements(gateway, id) == {"placeholder": "wrong"}


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("fine nonsense", "no rule finds 'nonsense'"),
        ("fine payment card", "has found no payment_card"),
        ("fine <clean@example.com>", "has found nothing"),
        ("fine <eves@example.com>", "You have sent no message with the Message-ID <eves@example.com>"),
    ],
)
def test_what_was_not_found_is_refused_and_changes_nothing(gateway: Gateway, subject: str, said: str) -> None:
    ids = [sent(gateway, "eves", "Welcome to [Product Name].", EVE), sent(gateway, "clean", "All is well with us.")]
    ids.append(sent(gateway, f"refused{len(subject)}", "Welcome to [Project Name]."))
    code, text = give(gateway, order(subject))
    assert code == 550 and said in text and text.endswith("nothing was done")
    assert [judgements(gateway, id) for id in ids] == [{"placeholder": None}, {}, {"placeholder": None}]


def test_who_has_nothing_found_is_told_so(gateway: Gateway, tmp_path: Path) -> None:
    added = gateway.command("account", "add", "new@example.com", "--password-stdin", given=PASSWORD)
    assert added.status == 0
    code, text = give(gateway, order("fine"), "new@example.com")
    assert (code, text) == (550, "5.7.1 Nothing was found of any message of yours; nothing was done")
