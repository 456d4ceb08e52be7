"""What people type, beside a gateway that runs: exit statuses and JSON exactly as promised."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.end_to_end.running import Gateway, Ran, call_command, letter, run_command, until

ANN = "ann@example.com"
BEN = "ben@example.com"
CAT = "cat@example.com"
BOTH = ["one@example.net", "two@example.net"]
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def state_of(gateway: Gateway, id: str) -> list[str]:
    return [each["state"] for each in gateway.command("show", id, "--json").json["recipients"]]


def half_gone(gateway: Gateway) -> str:
    """A message of which the first recipient's copy has left, and the second's has not."""
    id = gateway.submit(CAT, ["gone@now.example", "kept@example.net"])
    until(lambda: state_of(gateway, id) == ["sent", "held"], "the first copy to leave")
    return id


def unknown(gateway: Gateway) -> str:
    id = gateway.submit(CAT, ["who-knows@drop.example"])
    until(lambda: state_of(gateway, id) == ["unknown"], "nobody to know")
    return id


def complain(ran: Ran, status: int, code: str) -> None:
    """With --json: one document that says what went wrong, and nothing else."""
    assert (ran.status, ran.err) == (status, "")
    assert ran.json["error"]["code"] == code
    assert set(ran.json) == {"error"}
    assert set(ran.json["error"]) == {"code", "message"}


# The real process: what is printed where, and with what status it ends.


def test_the_command_as_a_process(gateway: Gateway) -> None:
    id = gateway.submit(CAT, BOTH)
    config = ("--config", str(gateway.file))
    stopped = run_command("undo", id, *config)
    assert (stopped.status, stopped.err) == (0, "")
    assert stopped.out == f"{id}: Stopped for 2 recipients: one@example.net, two@example.net.\n"
    missing = run_command("undo", "nosuchid", *config)
    assert (missing.status, missing.out, missing.err) == (4, "", "takeback: no such message: nosuchid\n")
    complain(run_command("undo", "nosuchid", "--json", *config), 4, "not_found")
    assert run_command("undo", *config).status == 2
    assert run_command("undo", id, "--frobnicate", *config).status == 2


def test_outbox(gateway: Gateway) -> None:
    id = gateway.submit(CAT, BOTH, letter(CAT, "the outbox", "Message-ID: <outbox.1@example.com>"))
    ran = gateway.command("outbox", "--account", CAT, "--json")
    assert ran.status == 0
    [view] = [view for view in ran.json if view["id"] == id]
    due = view["recipients"][0]["due_at"]
    assert view == {
        "id": id,
        "message_id": "<outbox.1@example.com>",
        "from": CAT,
        "subject": "the outbox",
        "accepted_at": view["accepted_at"],
        "size": view["size"],
        "origin": "submission",
        "account": CAT,
        "findings": [],
        "recipients": [
            {"address": each, "state": "held", "due_at": due, "at": view["accepted_at"], "reply": None} for each in BOTH
        ],
    }
    assert INSTANT.fullmatch(view["accepted_at"])
    assert INSTANT.fullmatch(due)
    assert {each["account"] for each in ran.json} == {CAT}
    assert gateway.command("undo", id).status == 0
    assert id not in [view["id"] for view in gateway.command("outbox", "--json").json]


def test_outbox_of_nobody(gateway: Gateway) -> None:
    assert gateway.command("outbox", "--account", "zoe@example.com", "--json").out == "[]\n"
    assert gateway.command("outbox", "--account", "zoe@example.com").out == "Nothing is held or on its way.\n"


def test_show(gateway: Gateway) -> None:
    id = half_gone(gateway)
    shown = gateway.command("show", id, "--json").json
    gone, kept = shown["recipients"]
    assert gone["reply"] == "250 2.1.5 delivered"
    assert gone["due_at"] is None
    assert (kept["reply"], kept["state"]) == (None, "held")
    assert shown["findings"] == []
    assert shown["also"] == []
    assert shown["events"][0]["kind"] == "accepted"
    assert all(set(event) == {"at", "kind", "actor", "detail"} for event in shown["events"])
    assert {"sent"} <= {event["kind"] for event in shown["events"]}


def test_undo_of_all_and_again(gateway: Gateway) -> None:
    id = gateway.submit(CAT, BOTH)
    for _ in range(2):
        ran = gateway.command("undo", id, "--json")
        assert (ran.status, ran.json) == (0, {"id": id, "stopped": BOTH, "too_late": [], "also": []})


def test_undo_that_is_partly_too_late(gateway: Gateway) -> None:
    id = half_gone(gateway)
    ran = gateway.command("undo", id, "--json")
    document = ran.json
    [late] = document.pop("too_late")
    assert (ran.status, document) == (3, {"id": id, "stopped": ["kept@example.net"], "also": []})
    assert INSTANT.fullmatch(late.pop("at"))
    assert late == {"address": "gone@now.example", "state": "sent", "reply": "250 2.1.5 delivered"}
    said = gateway.command("undo", id)
    assert said.status == 3
    assert "Stopped for 1 recipient: kept@example.net. Too late for 1 recipient: gone@now.example sent at" in said.out


def test_undo_for_some_recipients(gateway: Gateway) -> None:
    id = gateway.submit(CAT, BOTH)
    ran = gateway.command("undo", id, "--recipient", "TWO@example.net", "--json")
    assert (ran.status, ran.json["stopped"]) == (0, ["two@example.net"])
    assert state_of(gateway, id) == ["held", "undone"]
    complain(gateway.command("undo", id, "--recipient", "three@example.net", "--json"), 4, "not_found")
    assert state_of(gateway, id) == ["held", "undone"]


def test_undo_of_the_unknown_leaves_it_alone(gateway: Gateway) -> None:
    id = unknown(gateway)
    ran = gateway.command("undo", id, "--json")
    assert (ran.status, ran.json["stopped"]) == (3, [])
    assert [each["state"] for each in ran.json["too_late"]] == ["let_be"]


def test_release_now(gateway: Gateway) -> None:
    id = gateway.submit(CAT, ["released@example.net"])
    ran = gateway.command("release", id, "--json")
    assert ran.status == 0
    assert ran.json == {"id": id, "released": ["released@example.net"], "not_released": [], "also": []}
    until(lambda: gateway.mailbox("released@example.net"), "it to arrive")
    until(lambda: state_of(gateway, id) == ["sent"], "that to be recorded")
    again = gateway.command("release", id, "--json")
    assert again.status == 3
    assert [each["state"] for each in again.json["not_released"]] == ["sent"]


def test_release_of_the_unknown_must_be_asked_for(gateway: Gateway) -> None:
    id = unknown(gateway)
    assert gateway.command("release", id).status == 3
    assert state_of(gateway, id) == ["unknown"]
    ran = gateway.command("release", id, "--again", "--json")
    assert (ran.status, ran.json["released"]) == (0, ["who-knows@drop.example"])
    until(lambda: state_of(gateway, id) == ["unknown"], "it to be unknown again")
    kinds = [event["kind"] for event in gateway.command("show", id, "--json").json["events"]]
    assert kinds.count("unknown") == 2


def test_hold_longer(gateway: Gateway) -> None:
    id = gateway.submit(CAT, BOTH)
    ran = gateway.command("hold", id, "--for", "2h", "--json")
    document = ran.json
    ahead = datetime.fromisoformat(document.pop("until")) - datetime.now(UTC)
    assert (ran.status, document) == (0, {"id": id, "held": BOTH, "not_held": [], "also": []})
    assert timedelta(minutes=118) < ahead <= timedelta(hours=2)
    moment = "2030-01-02T03:04:05Z"
    assert gateway.command("hold", id, "--until", moment, "--json").json["until"] == "2030-01-02T03:04:05.000000Z"


def test_hold_until_released(gateway: Gateway) -> None:
    id = gateway.submit(CAT, BOTH)
    ran = gateway.command("hold", id, "--until-released", "--json")
    assert (ran.status, ran.json["until"]) == (0, None)
    assert [each["due_at"] for each in gateway.command("show", id, "--json").json["recipients"]] == [None, None]
    assert "when released" in gateway.command("outbox").out


def test_hold_that_is_too_late(gateway: Gateway) -> None:
    id = half_gone(gateway)
    ran = gateway.command("hold", id, "--for", "3h", "--json")
    assert (ran.status, ran.json["held"]) == (3, ["kept@example.net"])
    assert [each["address"] for each in ran.json["not_held"]] == ["gone@now.example"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["hold", "last", "--account", CAT],
        ["hold", "last", "--account", CAT, "--for", "5m", "--until-released"],
        ["hold", "last", "--account", CAT, "--for", "five minutes"],
        ["hold", "last", "--account", CAT, "--for", "0s"],
        ["hold", "last", "--account", CAT, "--until", "2020-01-01T00:00:00Z"],
        ["hold", "last", "--account", CAT, "--until", "25:99"],
        ["hold", "last", "--account", CAT, "--until", "\x1b[31mred"],
    ],
)
def test_wrong_usage(gateway: Gateway, arguments: Sequence[str]) -> None:
    gateway.submit(CAT, BOTH)
    complain(gateway.command(*arguments, "--json"), 2, "bad_usage")
    ran = gateway.command(*arguments)
    assert (ran.status, ran.out) == (2, "")
    assert len(ran.err.splitlines()) == 1
    assert ran.err.startswith("takeback: ")
    assert "\x1b" not in ran.err


def test_last_is_the_newest_whatever_its_state(gateway: Gateway) -> None:
    older = gateway.submit(CAT, BOTH)
    newest = gateway.submit(CAT, BOTH)
    for _ in range(2):
        assert gateway.command("undo", "last", "--account", CAT, "--json").json["id"] == newest
    assert state_of(gateway, older) == ["held", "held"]


def test_last_of_several_accounts(gateway: Gateway) -> None:
    for account in (ANN, CAT):
        gateway.submit(account, BOTH)
    complain(gateway.command("undo", "last", "--json"), 2, "ambiguous")


def test_the_mail_of_another_account_is_not_there(gateway: Gateway) -> None:
    id = gateway.submit(ANN, BOTH)
    complain(gateway.command("undo", id, "--account", CAT, "--json"), 4, "not_found")
    assert state_of(gateway, id) == ["held", "held"]


def test_a_message_id_submitted_twice(gateway: Gateway) -> None:
    message = letter(CAT, "twice", "Message-ID: <twice@example.com>")
    older = gateway.submit(CAT, ["one@example.net"], message)
    newer = gateway.submit(CAT, ["two@example.net"], message)
    assert gateway.command("show", "twice@example.com", "--json").json["also"] == [older]
    ran = gateway.command("undo", "<twice@example.com>", "--json")
    assert (ran.status, ran.json) == (
        0,
        {
            "id": newer,
            "stopped": ["two@example.net"],
            "too_late": [],
            "also": [{"id": older, "stopped": ["one@example.net"], "too_late": [], "also": []}],
        },
    )


def test_a_message_id_of_several_accounts(gateway: Gateway) -> None:
    for account in (ANN, CAT):
        gateway.submit(account, BOTH, letter(account, "shared", "Message-ID: <shared@example.com>"))
    complain(gateway.command("undo", "<shared@example.com>", "--json"), 2, "ambiguous")
    ran = gateway.command("undo", "<shared@example.com>", "--account", CAT, "--json")
    assert (ran.status, ran.json["also"]) == (0, [])


HOSTILE = "\x1b[2J\x1b]0;owned\x07[red]bold[/red] \u202egnp.exe\u2066 \x9b31m\x08\x08"


def test_a_hostile_subject_is_shown_and_not_obeyed(gateway: Gateway) -> None:
    encoded = "=?utf-8?b?" + base64.b64encode(HOSTILE.encode()).decode() + "?="
    id = gateway.submit(CAT, ["hostile@example.net"], letter(CAT, encoded))
    for ran in (gateway.command("outbox", "--account", CAT), gateway.command("show", id)):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", ran.out)
        assert "␛[2J␛]0;owned␇[red]bold[/red] \\u202egnp.exe" in ran.out
    document = gateway.command("show", id, "--json")
    assert "\x1b" not in document.out
    assert document.json["subject"] == HOSTILE.strip()


# Without a configuration that can be used


WAY_OUT = "[[relay]]\nto = 'maildir:///x/{user}'"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "takeback.toml: cannot be read: No such file or directory"),
        ("[smtp", "takeback.toml: is not valid TOML: "),
        ("[smtp]\nhostnam = 'x'", "takeback.toml: smtp.hostnam: unknown key; did you mean hostname?"),
        ("[hold]\nwindow = '30 parsecs'", "takeback.toml: hold.window: "),
        ("[smtp]\nlisten = ['nowhere']", "takeback.toml: smtp.listen[1]: "),
        ("[smtp]\nlisten_tls = ['127.0.0.1:0']", "takeback.toml: smtp.listen_tls: needs smtp.certificate and smtp.key"),
        ("", "takeback.toml: relay: there is no way out"),
        ("[[relay]]\nto = 'gopher://x'", "takeback.toml: relay[1].to: "),
        (f"[data]\ndatabase = 'mysql://x'\n{WAY_OUT}", "[data] database: write "),
    ],
)
def test_a_configuration_that_cannot_be_used(tmp_path: Path, text: str | None, said: str) -> None:
    """The same for every command: one line that names the mend, and status 2."""
    file = tmp_path / "takeback.toml"
    if text is not None:
        file.write_text(text)
    _check_complaint(call_command("outbox", "--config", str(file)), said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[hold]\nwindow = '30 parsecs'", "takeback.toml: hold.window: "),
        (f"[smtp]\ncertificate = 'a'\nkey = 'b'\n{WAY_OUT}", "smtp.certificate, smtp.key: "),
    ],
)
def test_serve_does_not_begin_with_it(tmp_path: Path, text: str, said: str) -> None:
    """Never "ready", so nothing listens."""
    file = tmp_path / "takeback.toml"
    file.write_text(text)
    _check_complaint(run_command("serve", "--config", str(file)), said)


def _check_complaint(ran: Ran, said: str) -> None:
    assert (ran.status, ran.out) == (2, "")
    [line] = ran.err.splitlines()
    assert line.startswith("takeback: ")
    assert said in line


def test_a_port_that_is_taken(gateway: Gateway, tmp_path: Path) -> None:
    file = tmp_path / "takeback.toml"
    file.write_text(
        f'[smtp]\nlisten = ["127.0.0.1:{gateway.port}"]\n[[relay]]\nto = "maildir://{tmp_path}/box/{{user}}"\n'
    )
    ran = run_command("serve", "--config", str(file))
    assert ran.status == 2
    assert ran.err == f"takeback: cannot listen on 127.0.0.1:{gateway.port}: Address already in use\n"
