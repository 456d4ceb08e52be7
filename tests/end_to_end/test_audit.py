"""The sealed record from the outside: sealed by `serve`, checked and exported by commands."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing

from tests.end_to_end.running import Gateway, until

ANN = "ann@example.com"


def test_what_was_done_is_sealed_and_can_be_checked(gateway: Gateway) -> None:
    id = gateway.submit(ANN, ["bob@held.example"])
    assert gateway.command("undo", id).status == 0
    until(lambda: gateway.command("audit", "verify", "--json").json["unsealed"] == 0, "the act to be sealed")
    verdict = gateway.command("audit", "verify", "--json").json
    assert verdict["holds"] and verdict["broken"] is None
    head = gateway.command("audit", "head").out.strip()
    assert head == f"{verdict['head']['position']}:{verdict['head']['link']}"
    assert head in gateway.log
    assert gateway.command("audit", "verify", "--head", head).out.startswith("The record holds: ")
    assert gateway.command("audit", "seal").out == "Nothing was left to seal.\n"


def test_an_export_can_be_checked_by_what_the_documentation_says(gateway: Gateway) -> None:
    id = gateway.submit(ANN, ["bob@held.example"])
    gateway.command("undo", id)
    gateway.command("audit", "seal")
    lines = [json.loads(line) for line in gateway.command("audit", "export").out.splitlines()]
    before = bytes(32)
    for line in lines:
        fields = ("id", "at", "kind", "actor", "account", "message", "detail", "salt")
        values = json.dumps([line["act"][name] for name in fields], ensure_ascii=False, separators=(",", ":"))
        digest = hashlib.sha256(values.encode()).digest()
        place = line["position"].to_bytes(8, "big") + line["sealed_at"].to_bytes(8, "big")
        before = hashlib.sha256(before + place + digest).digest()
        assert line["digest"] == digest.hex() and line["link"] == before.hex()
    assert any(line["act"]["message"] == id and line["act"]["kind"] == "undo" for line in lines)
    later = gateway.command("audit", "export", "--after", str(len(lines) - 1)).out.splitlines()
    assert [json.loads(line) for line in later] == lines[-1:]


def test_a_change_in_the_database_is_named(gateway: Gateway) -> None:
    id = gateway.submit(ANN, ["bob@held.example"])
    gateway.command("undo", id)
    gateway.command("audit", "seal")
    change = "UPDATE act SET actor = ? WHERE message = ?"
    with closing(sqlite3.connect(gateway.folder / "data/takeback.db", timeout=30)) as database:
        [(actor, position)] = database.execute("SELECT actor, position FROM act WHERE message = ?", [id])
        database.execute(change, ["local:nobody", id])
        database.commit()
        checked = gateway.command("audit", "verify")
        database.execute(change, [actor, id])
        database.commit()
    said = f"The record does not hold: the act of link {position} (undo) was changed.\n"
    assert (checked.status, checked.out) == (1, said)
    assert gateway.command("audit", "verify").status == 0


def test_what_is_no_head_is_wrong_usage(gateway: Gateway) -> None:
    refused = gateway.command("audit", "verify", "--head", "yesterday")
    assert refused.status == 2 and "is no head" in refused.err
