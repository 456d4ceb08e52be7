"""The whole way through every connector: a message leaves the gateway over LMTP for a real server, somebody reads their
copy, somebody files theirs, and a command takes back what it may, tells of each, and puts it back."""

from __future__ import annotations

import csv
import json
import smtplib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.contract.mailboxes.stages import KINDS, Kind, Message, Server, section, shown_to
from tests.end_to_end.running import HOSTNAME, Gateway, letter, running, submit, until
from tests.services.cyrus import Cyrus
from tests.services.dovecot import Dovecot
from tests.services.mail_servers import required_cyrus, required_dovecot

ANN = "ann@crm.example"
FOLDER = "المشاريع عاجل & سري"
UNREAD, READ, FILED = range(3)


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Dovecot | Cyrus]]:
    with required_dovecot() as one, required_cyrus() as other:
        yield {"dovecot": one, "cyrus": other}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, servers: dict[str, Dovecot | Cyrus]) -> Iterator[Gateway]:
    """Each connector has a domain of its own, and all mail leaves at once."""
    file = tmp_path_factory.mktemp("connectors") / "takeback.toml"
    ways = "".join(_way(kind, servers[kind.server]) for kind in KINDS)
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
[review]
enabled = false
[hold]
window = "0s"
[recall]
watch = "1h"
{ways}""")
    with running(file) as process:
        yield process


def _domain(kind: Kind) -> str:
    return f"{kind.name.replace('@', '.')}.example"


def _way(kind: Kind, server: Dovecot | Cyrus) -> str:
    """How mail for that connector's domain is delivered, and how it is recalled."""
    mailboxes = section(kind, server) | {"for": [f"*@{_domain(kind)}"]}
    return "\n".join(
        [
            "[[relay]]",
            f'for = ["*@{_domain(kind)}"]',
            f'to = "lmtp://127.0.0.1:{server.lmtp_port}"',
            "[[mailboxes]]",
            *(f"{key} = {json.dumps(value)}" for key, value in mailboxes.items()),
            "",
        ]
    )


@dataclass(frozen=True)
class Scene:
    """One message that three users of one server have got."""

    kind: Kind
    server: Server
    gateway: Gateway
    users: tuple[str, ...]
    id: str

    @property
    def addresses(self) -> list[str]:
        return [f"{user}@{_domain(self.kind)}" for user in self.users]

    def shown(self, who: int, folder: str = "INBOX") -> list[Message]:
        with self.server.log_in(self.users[who]) as client:
            return shown_to(client, folder)

    def read_and_file(self) -> None:
        """One reads it; one flags it and moves it to a folder of his own."""
        with self.server.log_in(self.users[READ]) as client:
            client.select_folder("INBOX")
            client.add_flags(client.search("ALL"), ["\\Seen"])
        with self.server.log_in(self.users[FILED]) as client:
            client.create_folder(FOLDER)
            client.select_folder("INBOX")
            client.add_flags(client.search("ALL"), ["\\Flagged"])
            client.move(client.search("ALL"), FOLDER)


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def scene(request: pytest.FixtureRequest, servers: dict[str, Dovecot | Cyrus], gateway: Gateway) -> Scene:
    kind: Kind = request.param
    server = servers[kind.server]
    users = tuple(server.new_user() for _ in range(3))
    with smtplib.SMTP("127.0.0.1", gateway.port, timeout=30) as session:
        recipients = [f"{user}@{_domain(kind)}" for user in users]
        id = submit(session, ANN, recipients, letter(ANN, "figures", "References: <first@crm.example>"))

    def arrived() -> bool:
        shown = gateway.command("show", id, "--json").json["recipients"]
        assert all(each["state"] in ("held", "claimed", "leaving", "sent") for each in shown), shown
        return all(each["state"] == "sent" for each in shown)

    until(arrived, "the copies to be delivered")
    return Scene(kind, server, gateway, users, id)


def told(report: Any) -> dict[str, str]:
    return {person["address"]: person["outcome"] for each in report["recipients"] for person in each["people"]}


def test_recalled_told_and_put_back(scene: Scene) -> None:
    scene.read_and_file()
    [was_unread], [was_read], [was_filed] = scene.shown(UNREAD), scene.shown(READ), scene.shown(FILED, FOLDER)
    ran = scene.gateway.command("recall", scene.id, "--json")
    assert ran.status == 3 and ran.json["status"] == "done", ran
    assert ran.json["counts"] == {"recalled": 2, "already_read": 1}
    outcomes = dict(zip(scene.addresses, ("recalled", "already_read", "recalled"), strict=True))
    assert told(ran.json) == outcomes
    copies = {each["address"]: each["people"][0]["copies"][0] for each in ran.json["recipients"]}
    assert copies[scene.addresses[FILED]]["folder"] == FOLDER
    assert all(copy["evidence"] for copy in copies.values())
    assert scene.shown(UNREAD) == scene.shown(FILED, FOLDER) == []
    assert scene.shown(READ) == [was_read]
    rows = list(csv.DictReader(scene.gateway.command("recalls", scene.id, "--csv").out.splitlines()))
    assert {row["person"]: row["outcome"] for row in rows} == outcomes
    restored = scene.gateway.command("restore", ran.json["id"], "--json")
    assert restored.status == 0 and [each["outcome"] for each in restored.json["people"]] == ["restored"] * 2
    for who, folder, before in ((UNREAD, "INBOX", was_unread), (FILED, FOLDER, was_filed)):
        [after] = scene.shown(who, folder)
        assert (after.raw, after.flags) == (before.raw, before.flags)
        assert after.date == before.date or not scene.kind.dates


def test_replaced_where_it_stood(scene: Scene, tmp_path: Path) -> None:
    scene.read_and_file()
    [was_read], [was_filed] = scene.shown(READ), scene.shown(FILED, FOLDER)
    corrected = tmp_path / "corrected.eml"
    corrected.write_text(f"From: {ANN}\nTo: somebody@example.net\nSubject: corrected\n\nRight.\n")
    ran = scene.gateway.command("recall", scene.id, "--replace-with", str(corrected), "--json")
    assert ran.status == 3 and ran.json["counts"] == {"replaced": 2, "already_read": 1}, ran
    [new], [filed] = scene.shown(UNREAD), scene.shown(FILED, FOLDER)
    assert new.raw.endswith(b"\r\n\r\nRight.\r\n") and b"References: <first@crm.example>\r\n" in new.raw
    assert new.raw == filed.raw and new.flags == frozenset() and filed.flags == was_filed.flags
    assert filed.date == was_filed.date or not scene.kind.dates
    assert scene.shown(READ) == [was_read] and scene.shown(FILED) == []
