"""Recall as people meet it: a message leaves over LMTP for a real Dovecot, and a command takes it back over IMAP."""

from __future__ import annotations

import csv
import smtplib
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import Any

import pytest

from takeback.recall.outcomes import Outcome
from tests.doubles.smarthost import Dot, Smarthost
from tests.end_to_end.running import HOSTNAME, Aside, Gateway, Ran, call_command, letter, running, submit, until
from tests.services.dovecot import MASTER, MASTER_PASSWORD, Dovecot
from tests.services.mail_servers import required_dovecot

ANN = "ann@crm.example"
FOLDER = "مشاريع.أرشيف"
_VIRTUAL = """\
all@lists.example    team@lists.example, user4013@example.com, partner@elsewhere.example
team@lists.example   user4011@example.com, user4012@example.com
"""


@pytest.fixture(scope="module")
def post() -> Iterator[Dovecot]:
    with required_dovecot() as server:
        yield server


@pytest.fixture(scope="module")
def lists(aside: Aside) -> Iterator[Smarthost]:
    """A list server, which takes nothing for `later` yet."""
    server = Smarthost(refuse_recipient={"later@lists.example": "451 4.3.0 later"})
    aside.run(server.start())
    yield server
    aside.run(server.close())


@pytest.fixture(scope="module")
def gateway(
    tmp_path_factory: pytest.TempPathFactory, post: Dovecot, sink: Smarthost, lists: Smarthost
) -> Iterator[Gateway]:
    """`held.example` is held; `example.com` goes to Dovecot at once, `lists.example` to a list server; everything else
    to a smarthost."""
    folder = tmp_path_factory.mktemp("recall")
    (folder / "virtual").write_text(_VIRTUAL)
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
listen = "127.0.0.1:0"
[review]
enabled = false
[hold]
window = "0s"
[[hold.rule]]
when = {{ recipients = ["*@held.example"] }}
window = "until released"
[[relay]]
for = ["*@example.com"]
to = "lmtp://127.0.0.1:{post.lmtp_port}"
[[relay]]
for = ["*@lists.example"]
to = "smtp://127.0.0.1:{lists.port}"
tls = "off"
[[relay]]
to = "smtp://127.0.0.1:{sink.port}"
tls = "off"
[[mailboxes]]
for = ["*@example.com", "*@late.example"]
kind = "imap"
url = "imap://127.0.0.1:{post.imap_port}"
username = "{MASTER}"
password = "{MASTER_PASSWORD}"
[people]
aliases = ["{folder / "virtual"}"]
[[people.list]]
address = "crew@smtp.example"
members = ["user4003@example.com", "user4004@example.com"]
[recall]
watch = "1h"
protected = ["user4999@example.com"]
""")
    with running(file) as process:
        yield process


def send(gateway: Gateway, *recipients: str, subject: str = "figures") -> str:
    """The id of a message whose every copy that does not wait has left."""
    with smtplib.SMTP("127.0.0.1", gateway.port, timeout=30) as session:
        id = submit(session, ANN, list(recipients), letter(ANN, subject))

    def left() -> bool:
        shown = gateway.command("show", id, "--json").json
        return all(
            each["state"] in ("sent", "failed", "deferred") or each["address"].endswith("@held.example")
            for each in shown["recipients"]
        )

    until(left, "the copies to leave", 30)
    return id


def outcomes(ran: Ran) -> dict[str, str]:
    return {
        person["address"]: person["outcome"] for each in ran.json["recipients"] for person in each["people"] or [each]
    }


def subjects(post: Dovecot, user: str, folder: str = "INBOX") -> list[tuple[str, Sequence[bytes], Any]]:
    """What the owner sees."""
    client = post.log_in(user)
    client.select_folder(folder, readonly=True)
    found = client.fetch(client.search("ALL"), ["ENVELOPE", "FLAGS", "INTERNALDATE"])
    client.logout()
    return [
        (item[b"ENVELOPE"].subject.decode(), item[b"FLAGS"], item[b"INTERNALDATE"].astimezone(UTC))
        for item in found.values()
    ]


def test_a_delivered_message_is_recalled_and_put_back(gateway: Gateway, post: Dovecot) -> None:
    user = post.new_user()
    id = send(gateway, f"{user}@example.com")
    [before] = subjects(post, user)
    ran = gateway.command("recall", id, "--json")
    assert ran.status == 0 and ran.json["status"] == "done" and ran.json["counts"] == {"recalled": 1}, ran
    [person] = ran.json["recipients"][0]["people"]
    assert person["copies"][0]["folder"] == "INBOX" and person["copies"][0]["evidence"]
    assert subjects(post, user) == []
    again = gateway.command("recall", id, "--json")
    assert again.status == 0 and again.json["counts"] == {"recalled": 1}
    restored = gateway.command("restore", ran.json["id"], "--json")
    assert restored.status == 0 and restored.json["people"][0]["outcome"] == "restored"
    [after] = subjects(post, user)
    assert (after[0], after[2]) == (before[0], before[2]) and b"\\Seen" not in after[1]


def test_one_message_many_truths(gateway: Gateway, post: Dovecot, sink: Smarthost, lists: Smarthost) -> None:
    """Held, deferred, unread, read, filed, refused, protected, elsewhere, and a list with a list in it, one of whose
    members is named as well."""
    unread, read, filed = (post.new_user() for _ in range(3))
    addressed = {
        "held@held.example": "never_left",
        "later@lists.example": "never_left",
        f"{unread}@example.com": "recalled",
        f"{read}@example.com": "already_read",
        f"{filed}@example.com": "recalled",
        "unknown@example.com": "never_left",  # Dovecot refused it: 550 after RCPT
        "user4999@example.com": "protected",
        "somebody@smtp.example": "out_of_reach",
        "nobody@smtp.example": "never_left",
        "user4011@example.com": "recalled",
    }
    behind_lists = {
        "user4012@example.com": "already_read",
        "user4013@example.com": "recalled",
        "partner@elsewhere.example": "out_of_reach",
    }
    id = send(gateway, *addressed, "all@lists.example")
    for member in ("user4011", "user4012", "user4013"):
        deliver_from_list(post, lists.dots[-1], f"{member}@example.com")
    read_it(post, read)
    read_it(post, "user4012")
    file_it(post, filed)
    ran = gateway.command("recall", id, "--json")
    assert ran.status == 3 and ran.json["status"] == "done", ran
    told = outcomes(ran)
    assert told == addressed | behind_lists
    assert ran.json["counts"] == Counter(told.values())
    assert [each[0] for each in subjects(post, read)] == [each[0] for each in subjects(post, "user4012")] == ["figures"]
    for user, folder in ((unread, "INBOX"), (filed, FOLDER), ("user4011", "INBOX"), ("user4013", "INBOX")):
        assert subjects(post, user, folder) == []
    [named] = [each for each in ran.json["recipients"] if each["address"] == "user4011@example.com"]
    assert len(named["people"][0]["copies"]) == 2  # one that was sent to her, and one from the list
    for_sender = gateway.command("recalls", id, "--json", "--account", ANN)
    assert not any(word in for_sender.out for word in ("protected", "INBOX", "user4012", "partner"))
    rows = list(csv.reader(gateway.command("recalls", id, "--csv").out.splitlines()))
    assert rows[0] == ["recipient", "person", "outcome", "reason", "at"]
    assert {row[1]: row[2] for row in rows[1:]} == told
    table = gateway.command("recalls", id)
    assert "already read, left alone" in table.out and "never left" in table.out
    [summary] = until(lambda: summaries(sink, id), "the summary for the sender")
    for line in (b"already read, left alone (1):", b"recalled, unread (3):", b"never left (4):", b"recalled from (3):"):
        assert line in summary
    assert not any(word in summary for word in (b"protected", b"user4012", b"partner"))


def deliver_from_list(post: Dovecot, dot: Dot, member: str) -> None:
    """What a list server does with what it got."""
    assert dot.recipients == ("all@lists.example",)
    with smtplib.LMTP("127.0.0.1", post.lmtp_port) as session:
        top = b"List-Id: <all.lists.example>\r\nReceived: from lists.example by lists.example\r\n"
        assert session.sendmail("owner@lists.example", [member], top + dot.body) == {}


def read_it(post: Dovecot, user: str) -> None:
    with post.log_in(user) as client:
        client.select_folder("INBOX")
        client.add_flags(client.search("ALL"), ["\\Seen"])


def file_it(post: Dovecot, user: str) -> None:
    with post.log_in(user) as client:
        client.create_folder(FOLDER)
        client.select_folder("INBOX")
        client.move(client.search("ALL"), FOLDER)


def summaries(sink: Smarthost, id: str) -> list[bytes]:
    """What was mailed to the sender about that recall, but for what could not be delivered."""
    mailed = [dot.body for dot in sink.dots if dot.sender == "" and dot.recipients == (ANN,)]
    return [body for body in mailed if id.encode() in body and b"delivery-status" not in body]


def test_a_running_gateway_does_the_work_and_catches_what_is_late(gateway: Gateway, post: Dovecot) -> None:
    """The way to the mailbox leads over somebody else's server, so nobody can say when the copy arrives."""
    user = post.new_user()
    id = send(gateway, f"{user}@late.example")
    ran = gateway.command("recall", id, "--no-wait", "--json")
    assert ran.status == 3 and ran.json["status"] == "running"

    def counts() -> Any:
        return gateway.command("recalls", id, "--json").json["counts"]

    def tried() -> bool:
        [person] = gateway.command("recalls", id, "--json").json["recipients"][0]["people"] or [{}]
        return bool(person.get("reason") == "not_arrived")

    until(tried, "the gateway to look once", 20)
    shown = gateway.command("show", id, "--json").json
    client = post.log_in(user)
    client.append("INBOX", stored(gateway, shown["id"]))
    client.logout()
    until(lambda: counts() == {"recalled": 1}, "the copy to be caught", 60)
    assert subjects(post, user) == []
    assert gateway.command("recalls", id).status == 0


def stored(gateway: Gateway, id: str) -> bytes:
    """The message as it left."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(gateway.folder / "data" / "takeback.db")) as database:
        pieces = database.execute("SELECT data FROM content WHERE message = ? ORDER BY position", (id,)).fetchall()
    return b"".join(data for (data,) in pieces)


def test_a_dry_run_changes_nothing(gateway: Gateway, post: Dovecot) -> None:
    user = post.new_user()
    id = send(gateway, f"{user}@example.com", "x@smtp.example", "held@held.example")
    ran = gateway.command("recall", id, "--dry-run", "--json", "--account", ANN)
    assert ran.json["status"] == "dry_run" and ran.json["recipients"] == [] and ran.status == 3
    assert ran.json["counts"] == {"out_of_reach": 1, "recalled": 1, "never_left": 1}
    assert "Dry run" in gateway.command("recall", id, "--dry-run").out
    assert len(subjects(post, user)) == 1
    assert gateway.command("recalls", id).status == 4


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["recall", "nothing-like-it"], 4),
        (["recall", "*"], 4),
        (["recall", "<unknown@example.com>"], 4),
        (["recalls", "nothing-like-it"], 4),
        (["restore", "nothing-like-it"], 4),
        (["recall", "last", "--csv", "--json"], 2),
        (["recall", "last", "--dry-run", "--no-wait"], 2),
        (["recall", "last", "--recipient", "*"], 4),
        (["recall", "last", "--recipient", ""], 4),
        (["recall", "last", "--also-read"], 1),
        (["recall", "last", "--account", "eve@crm.example"], 4),
    ],
)
def test_what_is_wrong_does_nothing(gateway: Gateway, post: Dovecot, arguments: list[str], status: int) -> None:
    id = send(gateway, "held@held.example")
    ran = gateway.command(*arguments)
    assert ran.status == status, ran
    assert "Traceback" not in ran.out + ran.err
    [recipient] = gateway.command("show", id, "--json").json["recipients"]
    assert recipient["state"] == "held"


def test_outcomes_are_those_of_the_page() -> None:
    from pathlib import Path

    page = (Path(__file__).parents[2] / "docs/recall.md").read_text("utf-8")
    assert all(f"| `{outcome.value}` |" in page for outcome in Outcome if outcome is not Outcome.REPLACED)


def test_from_another_machine(gateway: Gateway, post: Dovecot) -> None:
    """The same report over HTTP, for its sender and for an administrator, as document, as lines and in words."""
    made = gateway.command("key", "add", ANN, "elsewhere", "--json").json["secret"]
    chief = "chief@crm.example"
    gateway.command("account", "role", chief, "administrator")
    for_all = ("--scope", "read", "--scope", "admin", "--json")
    whole = gateway.command("key", "add", chief, "elsewhere", *for_all).json["secret"]
    server = f"http://127.0.0.1:{gateway.ports[-1]}"

    def remote(key: str, *arguments: str) -> Ran:
        return call_command(*arguments, environment={"TAKEBACK_SERVER": server, "TAKEBACK_KEY": key})

    user = post.new_user()
    id = send(gateway, f"{user}@example.com", "crew@smtp.example", "who@elsewhere.example", "h@held.example")
    begun = remote(made, "recall", id, "--json")
    counts = {"pending": 2, "out_of_reach": 1, "recalled": 1, "never_left": 1}
    assert (begun.status, begun.json["counts"]) == (3, counts)
    assert "user4003" not in begun.out
    for account, key in ((("--account", ANN), made), ((), whole)):
        for form in ("--json", "--csv", "--lang=en"):

            def same(account: Sequence[str] = account, key: str = key, form: str = form) -> bool:
                """But for the moments at which those who are pending are looked at again."""
                here, there = gateway.command("recalls", id, form, *account), remote(key, "recalls", id, form)
                return (there.status, there.out, there.err) == (here.status, here.out, here.err)

            until(same, f"{form} to be the same here and there")
    assert "evidence" in remote(whole, "recalls", id, "--json").out
    assert remote(made, "recalls", "nosuchid").status == 4
    refused = remote(made, "recall", id, "--dry-run", "--json")
    assert (refused.status, refused.json["error"]["code"]) == (2, "bad_usage")
    assert remote(whole, "recall", id, "--json").json["error"]["code"] == "not_allowed"


def test_a_report_in_arabic(gateway: Gateway, post: Dovecot) -> None:
    user = post.new_user()
    id = send(gateway, f"{user}@example.com", "who@elsewhere.example", "h@held.example")
    told = gateway.command("recall", id, "--lang", "ar")
    assert told.status == 3
    for words in ("انتهى", "استُرجعت قبل أن تُقرأ", "خارج المتناول", "لم تغادر", "المستلم", "النتيجة"):
        assert words in told.out, words
    assert f"\u2068{user}@example.com\u2069" in told.out
    assert "لم يُطلب استرجاع" in gateway.command("recalls", send(gateway, "h@held.example"), "--lang", "ar").err
    assert "لا يوجد استرجاع كهذا" in gateway.command("restore", "nosuchid", "--lang", "ar").err
    usual = gateway.command("recalls", id, "--csv")
    assert gateway.command("recalls", id, "--csv", "--lang", "ar").out == usual.out
