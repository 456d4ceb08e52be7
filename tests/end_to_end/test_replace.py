"""Replace, a second person, and the drill, as people meet them: beside a real Dovecot."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.running import HOSTNAME, Gateway, letter, running, submit, until
from tests.services.dovecot import MASTER, MASTER_PASSWORD, Dovecot
from tests.services.mail_servers import required_dovecot

ANN = "ann@crm.example"


@pytest.fixture(scope="module")
def post() -> Iterator[Dovecot]:
    with required_dovecot() as server:
        yield server


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, post: Dovecot) -> Iterator[Gateway]:
    """Everything goes to Dovecot: at once, but for `held.example`. More than two mailboxes need two people."""
    folder = tmp_path_factory.mktemp("replace")
    file = folder / "takeback.toml"
    file.write_text(f"""
[data]
folder = "data"
reserve = "0B"
[smtp]
hostname = "{HOSTNAME}"
listen = ["127.0.0.1:0"]
[[smtp.trusted]]
network = "127.0.0.0/8"
account = "{ANN}"
may_send_as = ["*@crm.example"]
[http]
listen = []
[hold]
window = "0s"
[[hold.rule]]
when = {{ recipients = ["*@held.example"] }}
window = "until released"
[[relay]]
to = "lmtp://127.0.0.1:{post.lmtp_port}"
[[mailboxes]]
for = ["*@example.com"]
kind = "imap"
url = "imap://127.0.0.1:{post.imap_port}"
username = "{MASTER}"
password = "{MASTER_PASSWORD}"
[recall]
watch = "1h"
second_person_above = 10
[recall.drill]
mailboxes = ["{post.new_user()}@example.com"]
patience = "30s"
""")
    with running(file) as process:
        yield process


def send(gateway: Gateway, *recipients: str) -> str:
    """The id of a message whose every copy that does not wait has left."""
    with smtplib.SMTP("127.0.0.1", gateway.port, timeout=30) as session:
        id = submit(session, ANN, list(recipients), letter(ANN, "figures", "References: <first@crm.example>"))

    def left() -> bool:
        shown = gateway.command("show", id, "--json").json["recipients"]
        return all(each["state"] == "sent" or each["address"].endswith("@held.example") for each in shown)

    until(left, "the copies to leave", 30)
    return id


def messages(post: Dovecot, user: str, folder: str = "INBOX") -> list[tuple[bytes, tuple[bytes, ...]]]:
    """The bytes and flags of what the owner sees."""
    client = post.log_in(user)
    client.select_folder(folder, readonly=True)
    found = client.fetch(client.search("ALL"), ["BODY.PEEK[]", "FLAGS"])
    client.logout()
    return [(item[b"BODY[]"], item[b"FLAGS"]) for item in found.values()]


@pytest.fixture
def corrected(tmp_path: Path) -> Path:
    """A draft, as a mail program saves it: other line ends, its own Bcc."""
    file = tmp_path / "corrected.eml"
    file.write_text(f"From: {ANN}\nTo: somebody@example.net\nBcc: secret@crm.example\nSubject: corrected\n\nRight.\n")
    return file


def test_the_corrected_message_stands_where_the_old_one_stood(gateway: Gateway, post: Dovecot, corrected: Path) -> None:
    unread = post.new_user()
    id = send(gateway, f"{unread}@example.com", "held@held.example")
    ran = gateway.command("recall", id, "--replace-with", str(corrected), "--json")
    assert ran.status == 0 and ran.json["counts"] == {"replaced": 1, "never_left": 1}, ran
    [(new, flags)] = messages(post, unread)
    assert b"\\Seen" not in flags and b"\\Deleted" not in flags
    assert new.endswith(b"\r\n\r\nRight.\r\n") and b"References: <first@crm.example>\r\n" in new
    assert b"Supersedes: <" in new and b"secret" not in new
    original = gateway.command("show", id, "--json").json
    assert [each["state"] for each in original["recipients"]] == ["sent", "undone"]
    [waiting] = [each for each in gateway.command("outbox", "--json").json if each["subject"] == "corrected"]
    assert [each["state"] for each in waiting["recipients"]] == ["held", "sent"]
    again = gateway.command("recall", waiting["id"], "--json")
    assert again.status == 0 and again.json["counts"] == {"recalled": 1, "never_left": 1}
    assert messages(post, unread) == []
    gateway.command("audit", "seal")
    acts = [line for line in gateway.command("audit", "export").out.splitlines() if f'"{id}"' in line]
    assert any('"kind":"replace"' in line for line in acts)


def test_what_was_read_stays_and_the_wrong_file_is_refused(
    gateway: Gateway, post: Dovecot, corrected: Path, tmp_path: Path
) -> None:
    user = post.new_user()
    id = send(gateway, f"{user}@example.com")
    wrong = tmp_path / "wrong.eml"
    wrong.write_text("From: eve@elsewhere.example\nSubject: mine\n\nx\n")
    refused = gateway.command("recall", id, "--replace-with", str(wrong), "--json")
    assert refused.status == 1 and refused.json["error"]["code"] == "cannot_replace"
    gone = gateway.command("recall", id, "--replace-with", str(tmp_path / "nowhere"))
    assert gone.status == 2 and "cannot be read" in gone.err
    for words in (["--despite-review"], ["--dry-run", "--replace-with", str(corrected)]):
        assert gateway.command("recall", id, *words).status == 2
    client = post.log_in(user)
    client.select_folder("INBOX")
    client.add_flags(client.search("ALL"), [b"\\Seen"])
    client.logout()
    ran = gateway.command("recall", id, "--replace-with", str(corrected), "--json")
    assert ran.status == 3 and ran.json["counts"] == {"already_read": 1}
    [(old, _)] = messages(post, user)
    assert b"Subject: figures\r\n" in old


def test_those_who_are_not_reached_get_one_correction(gateway: Gateway, post: Dovecot) -> None:
    unread, reader = post.new_user(), post.new_user()
    id = send(gateway, f"{unread}@example.com", f"{reader}@example.com")
    client = post.log_in(reader)
    client.select_folder("INBOX")
    client.add_flags(client.search("ALL"), [b"\\Seen"])
    client.logout()
    assert gateway.command("recall", id, "--dry-run", "--correct-rest", "").status == 2
    refused = gateway.command("recall", id, "--correct-rest", "x" * 2001, "--json")
    assert refused.status == 1 and refused.json["error"]["code"] == "cannot_correct"
    ran = gateway.command("recall", id, "--correct-rest", "The price is 5.", "--json")
    assert ran.status == 3 and ran.json["counts"] == {"already_read": 1, "recalled": 1}, ran
    assert ran.json["correction"]["recipients"] == 1
    until(lambda: len(messages(post, reader)) == 2, "the correction to arrive", 30)
    [correction] = [data for data, flags in messages(post, reader) if b"\\Seen" not in flags]
    assert b"The price is 5." in correction and f"From: {ANN}".encode() in correction
    assert b"figures" not in correction and b"\r\nIn-Reply-To: <" in correction
    assert messages(post, unread) == []
    assert ran.json["correction"]["message"] in gateway.command("recalls", id).out


def test_many_mailboxes_wait_for_somebody_else(gateway: Gateway, post: Dovecot) -> None:
    users = [post.new_user() for _ in range(11)]
    id = send(gateway, *(f"{user}@example.com" for user in users))
    waiting = gateway.command("recall", id, "--json")
    assert waiting.status == 3 and waiting.json["status"] == "waiting"
    alone = gateway.command("confirm", waiting.json["id"])
    assert alone.status == 1 and "somebody else must" in alone.err
    assert all(len(messages(post, user)) == 1 for user in users)
    assert "takeback confirm" in gateway.command("recalls", id).out
    assert gateway.command("confirm", "0" * 16).status == 4


def test_a_drill(gateway: Gateway) -> None:
    ran = gateway.command("drill", "--json")
    assert ran.status == 0, ran
    [result] = ran.json
    assert result["passed"] and result["kind"] == "imap" and result["recalled_after"] < 30
    assert gateway.command("drill", "--history", "--json").json == ran.json
    assert "taken back" in gateway.command("drill", "--history").out
