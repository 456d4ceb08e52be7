"""`takeback review FILE` and `--batch`: no configuration, no gateway."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.running import Ran, call_command, run_command
from tests.review.mails import mail

PAST = {"from": "ann@example.com", "to": ["Sara <sara@acme.com>"], "subject": "Prices", "days_ago": 3, "times": 41}


@pytest.fixture
def message(tmp_path: Path) -> Path:
    file = tmp_path / "offer.eml"
    file.write_bytes(mail("Hello Sara, here is our offer.\n", to=["Sara <sara@acme.co>"], subject="Offer"))
    return file


def lines(file: Path, *records: object) -> Path:
    file.write_text("\n".join(each if isinstance(each, str) else json.dumps(each) for each in records), "utf-8")
    return file


def codes(document: Any) -> set[str]:
    return {finding["code"] for finding in document["findings"]}


def test_a_file_is_reviewed_with_its_history(message: Path, tmp_path: Path) -> None:
    history = lines(tmp_path / "history.jsonl", PAST, "", PAST)
    ran = call_command("review", str(message), "--history", str(history), "--sender", "ann@example.com", "--json")
    assert ran.status == 0
    assert ran.json["score"] >= 0.6
    assert ran.json["hold"] == "15m"
    assert {"wrong_recipient", "typo_domain", "first_time_external"} <= codes(ran.json)
    worst = ran.json["findings"][0]
    assert worst["where"] == {"recipient": "sara@acme.co"}
    assert "you wrote 82 times to sara@acme.com" in worst["reason"]["en"]
    assert "82 مرة" in worst["reason"]["ar"]


def test_it_is_said_in_words(message: Path, tmp_path: Path) -> None:
    history = lines(tmp_path / "history.jsonl", PAST)
    ran = call_command("review", str(message), "--history", str(history))
    assert "you wrote 41 times to sara@acme.com" in ran.out
    assert "It would be held 15m." in ran.out


def test_nothing_is_found_where_nothing_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "fine.eml"
    file.write_bytes(mail("Hello Sara, I read your offer.\n", to=["Sara <sara@acme.com>"]))
    history = lines(tmp_path / "history.jsonl", PAST)
    ran = call_command("review", "file", str(file), "--history", str(history), "--json")
    assert ran.json == {"score": 0.0, "hold": None, "findings": []}


def test_what_is_internal_is_said_by_domain(tmp_path: Path) -> None:
    file = tmp_path / "new.eml"
    file.write_bytes(mail(to=["new@sub.partner.example"]))
    history = lines(tmp_path / "history.jsonl", {**PAST, "to": ["bob@example.com"]})
    outside = call_command("review", str(file), "--history", str(history), "--json")
    inside = call_command(
        "review",
        str(file),
        "--history",
        str(history),
        "--internal",
        "partner.example",
        "--internal",
        "x.test",
        "--json",
    )
    assert "first_time_external" in codes(outside.json)
    assert "first_time_external" not in codes(inside.json)


def test_identities_tell_sent_from_received(tmp_path: Path) -> None:
    file = tmp_path / "private.eml"
    file.write_bytes(mail(sender="ann@home.example", to=["sara@acme.com"]))
    history = lines(tmp_path / "history.jsonl", PAST)
    both = ("--identity", "ann@example.com", "--identity", "ann@home.example")
    ran = call_command("review", str(file), "--history", str(history), *both, "--json")
    assert "wrong_identity" in codes(ran.json)


def test_the_file_may_come_from_standard_input() -> None:
    ran = run_command("review", "-", "--json", given="From: a@b.example\nTo: c@d.example\nSubject: x\n\nHello.\n")
    assert ran.status == 0
    assert ran.json["findings"] == []


@pytest.mark.parametrize(
    ("history", "said"),
    [
        ("{", "history.jsonl line 2 is no JSON"),
        ('["x"]', "history line 2: a message of the past is an object"),
        ('{"to": "a@b.example", "days_ago": -1}', "history line 2: days_ago"),
        ('{"to": [1]}', "history line 2: to is a list of addresses"),
        ('{"to": ["a@b.example"], "times": "often"}', "history line 2: times"),
        ('{"to": ["a@b.example"], "date": "yesterday"}', "history line 2: 'yesterday' is no date"),
        ("[" * 100_000, "history.jsonl line 2 is no JSON"),
    ],
)
def test_a_bad_line_of_a_history_is_named(message: Path, tmp_path: Path, history: str, said: str) -> None:
    ran = call_command("review", str(message), "--history", str(lines(tmp_path / "history.jsonl", PAST, history)))
    assert ran.status == 2
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_wrong_usage(message: Path, tmp_path: Path) -> None:
    assert call_command("review", str(tmp_path / "absent.eml")).status == 2
    assert call_command("review", str(message), "--batch", str(message)).status == 2
    assert call_command("review", "--json").status == 2


def batch(tmp_path: Path, *records: object) -> tuple[Ran, list[Any]]:
    ran = call_command("review", "--batch", str(lines(tmp_path / "batch.jsonl", *records)))
    return ran, [json.loads(line) for line in ran.out.splitlines()]


def test_a_batch_gives_a_line_for_each_line(message: Path, tmp_path: Path) -> None:
    record = {"sender": "ann@example.com", "identities": [], "internal_domains": ["example.com"]}
    text = message.read_text("utf-8")
    ran, out = batch(
        tmp_path,
        {"id": "with", "eml": text, "history": [PAST], **record},
        {"id": "without", "eml": text, "history": [], **record},
        {"id": 3, "eml": str(message), "history": [PAST]},
    )
    assert ran.status == 0
    assert [each["id"] for each in out] == ["with", "without", 3]
    assert "wrong_recipient" in codes(out[0])
    assert "wrong_recipient" not in codes(out[1])
    assert out[2]["score"] == out[0]["score"]


def test_a_bad_line_of_a_batch_loses_no_other(tmp_path: Path) -> None:
    good = {"id": "good", "eml": "From: a@b.example\nTo: c@d.example\nSubject: x\n\nHello.\n"}
    ran, out = batch(
        tmp_path,
        "{",
        good,
        {"id": "no-eml"},
        {"id": "bad-history", "eml": good["eml"], "history": [{}, {"times": 0}]},
        {"id": "odd", "eml": good["eml"], "identities": 7},
        "[1]",
        good,
    )
    assert ran.status == 1
    assert [each["id"] for each in out] == [None, "good", "no-eml", "bad-history", "odd", None, "good"]
    assert ["error" in each for each in out] == [True, False, True, True, True, True, False]
    assert "line 4: history line 2: times" in out[3]["error"]["message"]
    assert "batch.jsonl line 1: it is no JSON" in ran.err


def test_hostile_content_is_reviewed_too(tmp_path: Path) -> None:
    ran, out = batch(
        tmp_path,
        {"id": 1, "eml": "\x00\x00\x00"},
        {"id": 2, "eml": "To: " + "a@b.example, " * 3_000 + "\n\nx"},
        '{"id": 3, "eml": "Subject: \\ud800\\n\\nHello \\udfff", "history": [{"to": ["\\ud800@x.example"]}]}',
    )
    assert ran.status == 0, ran.err
    assert [each["id"] for each in out] == [1, 2, 3]
